#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostic.hpp"

namespace agentsim::workload {

// Mistakes in a file of lines that are too long to be shown: "trace.jsonl: line 812: output_tokens is
// negative". Gives up after 20 by throwing ConfigError.
class LineMistakes {
 public:
  explicit LineMistakes(std::string path) : path_(std::move(path)) {}

  void set_line(int line) { line_ = line; }
  int line() const { return line_; }
  const std::string& path() const { return path_; }
  size_t size() const { return diagnostics_.size(); }
  // About the line at hand.
  void add(const std::string& message);
  // A mistake after which nothing else can be understood.
  [[noreturn]] void fail(const std::string& message, std::vector<std::string> valid = {});
  void throw_if_any() { diagnostics_.throw_if_any(); }

 private:
  std::string path_;
  int line_ = 0;
  Diagnostics diagnostics_;
};

// One object of a line of JSON. A field that is wrong is reported with its path ("agents[2].calls[5].gap_s is
// negative") and read as its lowest value, so that one run finds many mistakes. Views the line's JSON and its
// parent.
class JsonObject {
 public:
  using Json = nlohmann::json;

  JsonObject(const Json& json, LineMistakes& mistakes) : json_(&json), mistakes_(&mistakes) {}

  // There and not null.
  bool has(const char* key) const { return find(key) != nullptr; }
  const Json* find(const char* key) const;

  // A whole number in [low, high].
  int64_t whole(const char* key, int64_t low, int64_t high) const;
  // Nothing if the key is missing or null.
  std::optional<int64_t> maybe_whole(const char* key, int64_t low, int64_t high) const;
  // A finite number >= 0.
  double number(const char* key) const;
  std::optional<double> maybe_number(const char* key) const;
  std::string text(const char* key) const;
  std::string maybe_text(const char* key) const;
  bool maybe_flag(const char* key) const;
  // Calls `body` for each object of a list; a missing list is a mistake unless it may be.
  void each(const char* key, const std::function<void(const JsonObject&)>& body, bool may_miss = false) const;
  // The list itself, empty if it is missing or something else, which is a mistake.
  const Json& list(const char* key) const;
  // The object of a key; nothing is reported if there is none.
  std::optional<JsonObject> object(const char* key) const;

  void mistake(const char* key, const std::string& what) const;
  // For a line of another format: ends the reading with what a line of this one has.
  void require(const std::vector<std::string>& keys, const std::string& format) const;
  LineMistakes& mistakes() const { return *mistakes_; }

 private:
  JsonObject(const Json& json, const JsonObject& parent, const char* key, int index)
      : json_(&json), mistakes_(parent.mistakes_), parent_(&parent), key_(key), index_(index) {}
  std::string path() const;

  const Json* json_;
  LineMistakes* mistakes_;
  const JsonObject* parent_ = nullptr;
  const char* key_ = "";
  int index_ = -1;
};

// Parses one line. Reports and returns nothing if it is not a JSON object.
std::optional<nlohmann::json> parse_json_line(std::string_view line, LineMistakes& mistakes);

// Streams a file of JSON objects, one a line (empty lines are skipped; `.gz` too). Throws ConfigError with
// the mistakes that were found, or if no line holds anything.
void each_json_line(const std::string& path, const std::function<void(const JsonObject&)>& body);

}  // namespace agentsim::workload
