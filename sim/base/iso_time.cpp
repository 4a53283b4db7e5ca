#include "sim/base/iso_time.hpp"

#include <charconv>

namespace agentsim {
namespace {

constexpr int64_t kSecond_ns = 1'000'000'000;

// Reads a text from its front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // Exactly `digits` digits.
  bool number(size_t digits, int64_t& out) {
    if (text_.size() < digits) return false;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + digits, out);
    if (error != std::errc() || end != text_.data() + digits || out < 0) return false;
    text_.remove_prefix(digits);
    return true;
  }
  // One of the characters.
  bool one_of(std::string_view characters) {
    if (text_.empty() || characters.find(text_.front()) == std::string_view::npos) return false;
    last_ = text_.front();
    text_.remove_prefix(1);
    return true;
  }
  char last() const { return last_; }
  bool is_done() const { return text_.empty(); }

 private:
  std::string_view text_;
  char last_ = '\0';
};

// Days since 1970-01-01 of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
// algorithms").
int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = year / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

}  // namespace

std::optional<int64_t> parse_iso_time(std::string_view text) {
  Scanner scan(text);
  int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!scan.number(4, year) || !scan.one_of("-") || !scan.number(2, month) || !scan.one_of("-") ||
      !scan.number(2, day) || !scan.one_of("T ") || !scan.number(2, hour) || !scan.one_of(":") ||
      !scan.number(2, minute) || !scan.one_of(":") || !scan.number(2, second))
    return {};
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return {};
  int64_t ns = 0;
  if (scan.one_of(".,")) {
    int64_t digit = 0, unit = kSecond_ns / 10, digits = 0;
    for (; scan.number(1, digit); unit /= 10, ++digits) ns += digit * unit;
    if (digits == 0) return {};
  }
  int64_t offset_min = 0;
  if (scan.one_of("+-")) {
    const int64_t sign = scan.last() == '+' ? 1 : -1;
    int64_t hours = 0, minutes = 0;
    if (!scan.number(2, hours)) return {};
    scan.one_of(":");
    if (!scan.is_done() && !scan.number(2, minutes)) return {};
    offset_min = sign * (hours * 60 + minutes);
  } else {
    scan.one_of("Z");
  }
  if (!scan.is_done()) return {};
  const int64_t minutes = (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset_min;
  return (minutes * 60 + second) * kSecond_ns + ns;
}

}  // namespace agentsim
