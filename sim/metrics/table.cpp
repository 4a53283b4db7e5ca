#include "sim/metrics/table.hpp"

namespace agentsim::metrics {

std::string seconds_cell(double seconds) {
  std::string text = fmt::format("{:.9f}", seconds);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string number_cell(double value) {
  return fmt::format("{:.9g}", value);
}

std::string text_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace agentsim::metrics
