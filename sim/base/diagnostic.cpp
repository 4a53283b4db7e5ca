#include "sim/base/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "sim/base/suggest.hpp"

namespace agentsim {
namespace {

std::string joined(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics) {
    if (!text.empty()) text += '\n';
    text += d.text();
  }
  return text;
}

// Of UTF-8 text: bytes that do not continue a character.
int characters(const std::string& text) {
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

std::string Diagnostic::text() const {
  std::string out;
  if (place.line > 0)
    out = fmt::format("{}:{}:{}: {}", place.file, place.line, place.column, message);
  else if (!place.file.empty())
    out = fmt::format("{}: {}", place.file, message);
  else
    out = message;
  if (place.line > 0) {
    const std::string number = fmt::format("{:>5} | ", place.line);
    out += fmt::format("\n{}{}", number, place.source_line);
    // Places count bytes, people and terminals count characters.
    const auto start = std::min(place.source_line.size(), static_cast<size_t>(std::max(1, place.column) - 1));
    const int column = 1 + characters(place.source_line.substr(0, start)) +
                       std::max(0, place.column - 1 - static_cast<int>(start));
    const int width =
        std::max(1, characters(place.source_line.substr(start, static_cast<size_t>(place.width))));
    const std::string tail(static_cast<size_t>(width - 1), '~');
    out += fmt::format("\n{:>{}}| {:>{}}{}", "", number.size() - 2, "^", column, tail);
    if (!suggestion.empty()) out += fmt::format(" did you mean '{}'?", suggestion);
  } else if (!suggestion.empty()) {
    out += fmt::format(", did you mean '{}'?", suggestion);
  }
  if (!valid.empty()) out += fmt::format("\n  valid: {}", sorted_list(valid));
  if (!note.empty()) out += fmt::format("\n  note: {}", note);
  return out;
}

ConfigError::ConfigError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(joined(diagnostics)), diagnostics_(std::move(diagnostics)) {}

ConfigError::ConfigError(const std::string& message)
    : std::runtime_error(message), diagnostics_{Diagnostic{{}, message, "", {}, ""}} {}

void Diagnostics::throw_if_any() {
  if (items_.empty()) return;
  std::stable_sort(items_.begin(), items_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.place.file, a.place.line, a.place.column) <
           std::tie(b.place.file, b.place.line, b.place.column);
  });
  // A file that is read twice makes each of its mistakes twice.
  const auto same = [](const Diagnostic& a, const Diagnostic& b) { return a.text() == b.text(); };
  items_.erase(std::unique(items_.begin(), items_.end(), same), items_.end());
  throw ConfigError(items_);
}

}  // namespace agentsim
