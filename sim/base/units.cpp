#include "sim/base/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <map>

namespace agentsim {
namespace {

using Table = std::map<std::string, double, std::less<>>;

const Table& table(Dimension dimension) {
  static const Table number{{"", 1.0}};
  static const Table time{{"ns", 1e-9},  {"us", 1e-6},  {"ms", 1e-3},  {"s", 1.0},
                          {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0}};
  static const Table bytes{{"B", 1.0},      {"kB", 1e3},     {"MB", 1e6},     {"GB", 1e9},    {"TB", 1e12},
                           {"KiB", 1024.0}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
  static const Table bandwidth{{"B/s", 1.0},     {"kB/s", 1e3},    {"MB/s", 1e6},
                               {"GB/s", 1e9},    {"TB/s", 1e12},   {"GiB/s", 0x1p30},
                               {"Mbps", 1.25e5}, {"Gbps", 1.25e8}, {"Tbps", 1.25e11}};
  static const Table compute{{"GFLOP/s", 1e9}, {"TFLOP/s", 1e12}, {"PFLOP/s", 1e15}};
  static const Table rate{{"/s", 1.0}, {"/min", 1.0 / 60.0}, {"/h", 1.0 / 3600.0}, {"/d", 1.0 / 86400.0}};
  static const Table power{{"W", 1.0}, {"kW", 1e3}, {"MW", 1e6}};
  static const Table money{{"USD", 1.0}, {"kUSD", 1e3}, {"MUSD", 1e6}};
  static const Table money_rate{{"USD/h", 1.0 / 3600.0}, {"USD/d", 1.0 / 86400.0}};
  static const Table money_energy{{"USD/kWh", 1.0 / 3.6e6}, {"USD/MWh", 1.0 / 3.6e9}};
  // A month is a twelfth of 365 days.
  static const Table money_power{{"USD/kW-month", 1.0 / (1e3 * 730.0 * 3600.0)}};
  switch (dimension) {
    case Dimension::number:
      return number;
    case Dimension::time:
      return time;
    case Dimension::bytes:
      return bytes;
    case Dimension::bandwidth:
      return bandwidth;
    case Dimension::compute:
      return compute;
    case Dimension::rate:
      return rate;
    case Dimension::power:
      return power;
    case Dimension::money:
      return money;
    case Dimension::money_rate:
      return money_rate;
    case Dimension::money_energy:
      return money_energy;
    case Dimension::money_power:
      return money_power;
  }
  return number;
}

std::string scaled(double value, double base, const std::array<const char*, 5>& words) {
  size_t step = 0;
  while (std::abs(value) >= base && step + 1 < words.size()) {
    value /= base;
    ++step;
  }
  return fmt::format("{:.4g} {}", value, words.at(step));
}

}  // namespace

std::string description(Dimension dimension) {
  switch (dimension) {
    case Dimension::number:
      return "a number";
    case Dimension::time:
      return "a time such as '50 us' or '2 h'";
    case Dimension::bytes:
      return "a size such as '80 GiB' or '512 kB'";
    case Dimension::bandwidth:
      return "a bandwidth such as '450 GB/s' or '400 Gbps'";
    case Dimension::compute:
      return "a compute rate such as '989 TFLOP/s'";
    case Dimension::rate:
      return "a rate such as '2/min' or '0.5/s'";
    case Dimension::power:
      return "a power such as '700 W'";
    case Dimension::money:
      return "a price such as '310000 USD'";
    case Dimension::money_rate:
      return "a price such as '1.69 USD/h'";
    case Dimension::money_energy:
      return "a price such as '0.08 USD/kWh'";
    case Dimension::money_power:
      return "a price such as '165 USD/kW-month'";
  }
  return "a number";
}

std::vector<std::string> unit_words(Dimension dimension) {
  std::vector<std::string> words;
  for (const auto& [word, factor] : table(dimension)) words.push_back(word);
  return words;
}

std::optional<double> parse_number(std::string_view text, std::string* rest) {
  const std::string copy(text);
  // strtod would also take hexadecimal, "inf" and "nan".
  const size_t start = copy.find_first_not_of(" \t");
  if (start == std::string::npos || copy.find_first_of("0123456789", start) == std::string::npos) return {};
  if (copy.find_first_not_of("+-.0123456789", start) == start) return {};
  const size_t digits = copy.find_first_not_of("+-", start);
  if (copy.compare(digits, 2, "0x") == 0 || copy.compare(digits, 2, "0X") == 0) return {};
  char* end = nullptr;
  const double value = std::strtod(copy.c_str() + start, &end);
  if (end == copy.c_str() + start || !std::isfinite(value)) return {};
  std::string tail(end);
  const size_t first = tail.find_first_not_of(" \t");
  tail = first == std::string::npos ? "" : tail.substr(first);
  while (!tail.empty() && (tail.back() == ' ' || tail.back() == '\t')) tail.pop_back();
  if (rest != nullptr)
    *rest = tail;
  else if (!tail.empty())
    return {};
  return value;
}

std::optional<double> parse_quantity(std::string_view text, Dimension dimension) {
  std::string word;
  const std::optional<double> value = parse_number(text, &word);
  if (!value) return {};
  if (word.empty() && *value == 0.0) return 0.0;
  const Table& words = table(dimension);
  const auto found = words.find(word);
  if (found == words.end() || !std::isfinite(*value * found->second)) return {};
  return *value * found->second;
}

std::string pretty_time(double seconds) {
  const double magnitude = std::abs(seconds);
  if (magnitude == 0.0) return "0 s";
  if (magnitude < 1e-3) return fmt::format("{:.4g} us", seconds * 1e6);
  if (magnitude < 1.0) return fmt::format("{:.4g} ms", seconds * 1e3);
  if (magnitude < 600.0) return fmt::format("{:.4g} s", seconds);
  if (magnitude < 7200.0) return fmt::format("{:.4g} min", seconds / 60.0);
  return fmt::format("{:.4g} h", seconds / 3600.0);
}

std::string pretty_bytes(double bytes) {
  return scaled(bytes, 1000.0, {"B", "kB", "MB", "GB", "TB"});
}

std::string pretty_bandwidth(double bytes_per_s) {
  return scaled(bytes_per_s, 1000.0, {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"});
}

std::string pretty_count(double count) {
  if (std::abs(count) < 1e4) return fmt::format("{:.0f}", count);
  return scaled(count, 1000.0, {"", "k", "M", "G", "T"});
}

}  // namespace agentsim
