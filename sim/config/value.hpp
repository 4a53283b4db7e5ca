#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/diagnostic.hpp"

namespace agentsim::config {

// The text a value came from: a file, or a `--set path=value` word.
struct Source {
  std::string name;
  std::vector<std::string> lines;
};

// Files that are loaded while it lives are read and parsed once. Not nested, one thread.
class FileCache {
 public:
  FileCache();
  ~FileCache();
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;
};

// A YAML value that knows its place. Maps keep the order of the file.
class Value {
 public:
  enum class Kind { null, scalar, list, map };

  // Parses YAML text; `name` is what errors call it. Throws ConfigError: syntax, duplicate key.
  static Value parse(const std::string& text, const std::string& name);
  // Reads a file. Throws ConfigError as parse, and if the file is missing.
  static Value load(const std::string& path);

  // A single value made by the program, at the place of another one.
  static Value word(const std::string& text, const Value& at);
  // A list of one value, at that value's place.
  static Value list_of(const Value& item);

  Kind kind() const { return kind_; }
  bool is_map() const { return kind_ == Kind::map; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_scalar() const { return kind_ == Kind::scalar; }
  bool is_null() const { return kind_ == Kind::null; }
  // "a map", "a list", ...
  const char* kind_name() const;

  const std::string& scalar() const { return scalar_; }
  const std::vector<Value>& items() const { return items_; }
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }
  // The value of a key; null pointer if the map lacks it.
  const Value* find(const std::string& key) const;

  // The same text for equal values from the same folder; for keys of caches.
  std::string key() const;

  Place place() const;
  const std::string& file() const { return source_->name; }
  Diagnostic mistake(std::string message) const;

  // Replaces or adds the value at a path such as "deployment.tp" or "platforms.0.name". Missing maps on the
  // way are made. Throws ConfigError if the path walks into a scalar or past the end of a list.
  void set(const std::string& path, const std::string& yaml_text);
  // The same with a value that stands in a file, which is where its mistakes are shown. `path` is a word of
  // that file, and mistakes of the path are shown there.
  void set(const Value& path, const Value& leaf);

  // This map, with the keys of `other` laid over it (maps are merged, anything else replaced).
  void overlay(const Value& other);
  // This map without a key.
  Value without(const std::string& key) const;

 private:
  friend class Parser;
  void set_at(const std::string& path, const Value& leaf, const Value& at);
  void add_key(std::string& text, const Source*& source) const;
  Kind kind_ = Kind::null;
  std::string scalar_;
  std::vector<Value> items_;
  std::vector<std::pair<Value, Value>> entries_;
  std::shared_ptr<const Source> source_;
  int line_ = 0;
  int column_ = 0;
};

}  // namespace agentsim::config
