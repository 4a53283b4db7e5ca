#include "sim/workload/json_lines.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "sim/base/csv.hpp"
#include "sim/base/text_file.hpp"

namespace agentsim::workload {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostMistakes = 20;

std::string shown(const Json& json) {
  const std::string text = json.is_string() ? "'" + json.get<std::string>() + "'" : json.dump();
  return text.size() > 40 ? text.substr(0, 40) + "..." : text;
}

}  // namespace

void LineMistakes::add(const std::string& message) {
  diagnostics_.add(mistake_on_line(path_, line_, message));
  if (diagnostics_.size() >= kMostMistakes) diagnostics_.throw_if_any();
}

void LineMistakes::fail(const std::string& message, std::vector<std::string> valid) {
  Diagnostic d = mistake_on_line(path_, line_, message);
  d.valid = std::move(valid);
  diagnostics_.add(std::move(d));
  diagnostics_.throw_if_any();
  throw ConfigError(message);  // not reached
}

const Json* JsonObject::find(const char* key) const {
  const auto found = json_->find(key);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

std::string JsonObject::path() const {
  if (parent_ == nullptr) return "";
  const std::string index = index_ < 0 ? "" : fmt::format("[{}]", index_);
  return fmt::format("{}{}{}.", parent_->path(), key_, index);
}

void JsonObject::mistake(const char* key, const std::string& what) const {
  mistakes_->add(fmt::format("{}{} {}", path(), key, what));
}

std::optional<int64_t> JsonObject::maybe_whole(const char* key, int64_t low, int64_t high) const {
  const Json* found = find(key);
  if (found == nullptr) return {};
  const bool fits = found->is_number_integer() &&
                    !(found->is_number_unsigned() && found->get<uint64_t>() > uint64_t{INT64_MAX});
  if (!fits) {
    mistake(key, fmt::format("is not a whole number: {}", shown(*found)));
    return low;
  }
  const auto value = found->get<int64_t>();
  if (value < 0 && low >= 0)
    mistake(key, "is negative");
  else if (value < low || value > high)
    mistake(key, fmt::format("must be between {} and {}, not {}", low, high, value));
  else
    return value;
  return low;
}

int64_t JsonObject::whole(const char* key, int64_t low, int64_t high) const {
  const std::optional<int64_t> value = maybe_whole(key, low, high);
  if (!value) mistake(key, "is missing");
  return value.value_or(low);
}

std::optional<double> JsonObject::maybe_number(const char* key) const {
  const Json* found = find(key);
  if (found == nullptr) return {};
  const double value = found->is_number() ? found->get<double>() : std::nan("");
  if (!std::isfinite(value))
    mistake(key, fmt::format("is not a number: {}", shown(*found)));
  else if (value < 0.0)
    mistake(key, "is negative");
  else
    return value;
  return 0.0;
}

double JsonObject::number(const char* key) const {
  const std::optional<double> value = maybe_number(key);
  if (!value) mistake(key, "is missing");
  return value.value_or(0.0);
}

std::string JsonObject::maybe_text(const char* key) const {
  const Json* found = find(key);
  if (found == nullptr) return "";
  if (found->is_string()) return found->get<std::string>();
  mistake(key, fmt::format("is not a text: {}", shown(*found)));
  return "";
}

std::string JsonObject::text(const char* key) const {
  if (!has(key)) mistake(key, "is missing");
  return maybe_text(key);
}

bool JsonObject::maybe_flag(const char* key) const {
  const Json* found = find(key);
  if (found == nullptr) return false;
  if (found->is_boolean()) return found->get<bool>();
  mistake(key, fmt::format("is neither true nor false: {}", shown(*found)));
  return false;
}

const Json& JsonObject::list(const char* key) const {
  static const Json kEmpty = Json::array();
  const Json* found = find(key);
  if (found != nullptr && found->is_array()) return *found;
  mistake(key, found == nullptr ? "is missing" : fmt::format("is not a list: {}", shown(*found)));
  return kEmpty;
}

void JsonObject::each(const char* key, const std::function<void(const JsonObject&)>& body,
                      bool may_miss) const {
  if (may_miss && !has(key)) return;
  int index = 0;
  for (const Json& item : list(key)) {
    const int number = index++;
    if (item.is_object())
      body(JsonObject(item, *this, key, number));
    else
      mistakes_->add(fmt::format("{}{}[{}] is not an object: {}", path(), key, number, shown(item)));
  }
}

std::optional<JsonObject> JsonObject::object(const char* key) const {
  const Json* found = find(key);
  if (found == nullptr || !found->is_object()) return {};
  return JsonObject(*found, *this, key, -1);
}

void JsonObject::require(const std::vector<std::string>& keys, const std::string& format) const {
  for (const std::string& key : keys)
    if (!json_->contains(key))
      mistakes_->fail(fmt::format("is not a line of {}: it has no '{}'", format, key), keys);
}

std::optional<Json> parse_json_line(std::string_view line, LineMistakes& mistakes) {
  try {
    Json json = Json::parse(line.begin(), line.end());
    if (json.is_object()) return json;
    mistakes.add(fmt::format("is not a JSON object: {}", shown(json)));
  } catch (const Json::parse_error& error) {
    const bool is_cut = error.byte > line.size();
    mistakes.add(is_cut ? fmt::format("ends in the middle of a JSON value, after {} characters", line.size())
                        : fmt::format("is not JSON: the mistake is at character {}", error.byte));
  }
  return {};
}

void each_json_line(const std::string& path, const std::function<void(const JsonObject&)>& body) {
  LineMistakes mistakes(path);
  size_t lines = 0;
  read_lines(path, [&](std::string_view line, int number) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) return;
    ++lines;
    mistakes.set_line(number);
    const std::optional<Json> json = parse_json_line(line, mistakes);
    if (json)
      body(JsonObject(*json, mistakes));
    else if (lines == 1)
      mistakes.throw_if_any();  // a file of another kind
  });
  mistakes.throw_if_any();
  if (lines == 0) throw ConfigError({Diagnostic{Place{path, 0, 0, 1, ""}, "is empty", "", {}, ""}});
}

}  // namespace agentsim::workload
