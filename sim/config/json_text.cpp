#include "sim/config/json_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/diagnostic.hpp"

namespace agentsim::config {

void check_json(const std::string& text, const std::string& name) {
  try {
    const auto parsed = nlohmann::json::parse(text);
    if (parsed.is_object() || parsed.is_array()) return;
    throw ConfigError(std::vector<Diagnostic>{
        {Place{name, 1, 1, 1, text.substr(0, text.find('\n'))}, "not a JSON object or array", "", {}, ""}});
  } catch (const nlohmann::json::parse_error& error) {
    const size_t at = std::min(text.size(), error.byte > 0 ? error.byte - 1 : 0);
    const size_t before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
    const size_t start = before == std::string::npos ? 0 : before + 1;
    const auto line =
        static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    const std::string what = error.what();
    // "[json.exception.parse_error.101] parse error at line 2, column 3: syntax error while parsing ..."
    const size_t colon = what.find(": ");
    throw ConfigError(std::vector<Diagnostic>{
        {Place{name, line + 1, static_cast<int>(at - start) + 1, 1,
               text.substr(start, text.find('\n', start) - start)},
         "not valid JSON: " + (colon == std::string::npos ? what : what.substr(colon + 2)),
         "",
         {},
         ""}});
  }
}

}  // namespace agentsim::config
