#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "sim/base/text_file.hpp"
#include "sim/config/json_text.hpp"
#include "sim/config/value.hpp"

namespace agentsim::config {

// Turns yaml-cpp's nodes into values: its nodes lose their marks when they are changed, accept a key twice,
// and share structure.
class Parser {
 public:
  Parser(const std::string& text, const std::string& name) {
    auto source = std::make_shared<Source>();
    source->name = name;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      source->lines.push_back(line);
    }
    source_ = source;
  }

  Value parse(const std::string& text) {
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(text);
      const Value value = documents.empty() ? Value() : convert(documents.front(), 0);
      if (documents.size() > 1) {
        Value second;
        second.source_ = source_;
        second.line_ = std::max(1, documents[1].Mark().line + 1);
        second.column_ = std::max(1, documents[1].Mark().column + 1);
        diagnostics_.add(second.mistake("a second document begins here, but a file holds one"));
      }
      diagnostics_.throw_if_any();
      return value;
    } catch (const YAML::Exception& error) {
      Value at;
      at.source_ = source_;
      at.line_ = error.mark.line + 1;
      at.column_ = error.mark.column + 1;
      throw ConfigError(std::vector<Diagnostic>{at.mistake("not valid YAML: " + error.msg)});
    }
  }

 private:
  Value convert(const YAML::Node& node, int depth) {
    Value value;
    value.source_ = source_;
    value.line_ = node.Mark().line + 1;
    value.column_ = node.Mark().column + 1;
    // Aliases can make a small text endless.
    if (depth > 100 || ++values_ > kMostValues) {
      if (values_ <= kMostValues + 1)
        diagnostics_.add(value.mistake(depth > 100 ? "nested more than 100 deep"
                                                   : "the file has more than a million values"));
      return value;
    }
    if (node.IsScalar()) {
      value.kind_ = Value::Kind::scalar;
      value.scalar_ = node.Scalar();
    } else if (node.IsSequence()) {
      value.kind_ = Value::Kind::list;
      for (const YAML::Node& item : node) value.items_.push_back(convert(item, depth + 1));
    } else if (node.IsMap()) {
      value.kind_ = Value::Kind::map;
      for (const auto& entry : node) {
        Value key = convert(entry.first, depth + 1);
        if (!key.is_scalar())
          diagnostics_.add(key.mistake("a key must be a single word"));
        else if (value.find(key.scalar()) != nullptr)
          diagnostics_.add(key.mistake(fmt::format("the key '{}' stands here twice", key.scalar())));
        value.entries_.emplace_back(std::move(key), convert(entry.second, depth + 1));
      }
    }
    return value;
  }

  static constexpr size_t kMostValues = 1000000;
  size_t values_ = 0;
  std::shared_ptr<const Source> source_;
  Diagnostics diagnostics_;
};

Value Value::parse(const std::string& text, const std::string& name) {
  return Parser(text, name).parse(text);
}

namespace {

std::map<std::string, Value> parsed_files;
bool is_caching = false;

Value load_anew(const std::string& path) {
  std::string text = read_text(path);
  const size_t length = path.size();
  if (length > 5 && path.compare(length - 5, 5, ".json") == 0) {
    check_json(text, path);
    std::replace(text.begin(), text.end(), '\t', ' ');  // indentation that YAML refuses
  }
  return Value::parse(text, path);
}

}  // namespace

FileCache::FileCache() {
  is_caching = true;
}

FileCache::~FileCache() {
  is_caching = false;
  parsed_files.clear();
}

Value Value::load(const std::string& path) {
  if (!is_caching) return load_anew(path);
  const auto found = parsed_files.find(path);
  if (found == parsed_files.end()) return parsed_files[path] = load_anew(path);
  FileLog::note(path);
  return found->second;
}

}  // namespace agentsim::config
