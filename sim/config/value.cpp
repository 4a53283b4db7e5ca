#include "sim/config/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace agentsim::config {

const char* Value::kind_name() const {
  switch (kind_) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "a single value";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "nothing";
}

const Value* Value::find(const std::string& key) const {
  for (const auto& [name, value] : entries_)
    if (name.scalar_ == key) return &value;
  return nullptr;
}

Value Value::list_of(const Value& item) {
  Value list;
  list.kind_ = Kind::list;
  list.source_ = item.source_;
  list.line_ = item.line_;
  list.column_ = item.column_;
  list.items_.push_back(item);
  return list;
}

Place Value::place() const {
  Place place;
  if (!source_) return place;
  place.file = source_->name;
  place.line = line_;
  place.column = column_;
  if (line_ >= 1 && line_ <= static_cast<int>(source_->lines.size()))
    place.source_line = source_->lines[static_cast<size_t>(line_ - 1)];
  if (kind_ == Kind::scalar) place.width = std::max(1, static_cast<int>(scalar_.size()));
  // A quoted or folded scalar is longer in the file than its value; never underline past the line.
  const int room = static_cast<int>(place.source_line.size()) - column_ + 1;
  place.width = std::max(1, std::min(place.width, room));
  return place;
}

Diagnostic Value::mistake(std::string message) const {
  return Diagnostic{place(), std::move(message), "", {}, ""};
}

Value Value::word(const std::string& text, const Value& at) {
  Value value;
  value.kind_ = Kind::scalar;
  value.scalar_ = text;
  value.source_ = at.source_;
  value.line_ = at.line_;
  value.column_ = at.column_;
  return value;
}

void Value::set(const std::string& path, const std::string& yaml_text) {
  const std::string label = fmt::format("--set {}={}", path, yaml_text);
  const Value leaf = parse(yaml_text, label);
  Value at;  // the whole word: there is no line to point into
  auto source = std::make_shared<Source>();
  source->name = label;
  at.source_ = source;
  set_at(path, leaf, at);
}

void Value::set(const Value& path, const Value& leaf) {
  set_at(path.scalar(), leaf, path);
}

void Value::set_at(const std::string& path, const Value& leaf, const Value& at) {
  const auto fail = [&](const std::string& why) {
    return ConfigError(std::vector<Diagnostic>{at.mistake(why)});
  };
  // getline sees no step behind the last dot.
  if (path.empty() || path.back() == '.') throw fail("the path has an empty step");
  Value* here = this;
  std::istringstream steps(path);
  std::string step;
  while (std::getline(steps, step, '.')) {
    if (step.empty()) throw fail("the path has an empty step");
    if (here->is_list()) {
      const bool is_index = step.find_first_not_of("0123456789") == std::string::npos && step.size() < 7;
      const size_t index = is_index ? std::stoul(step) : here->items_.size();
      if (index >= here->items_.size())
        throw fail(fmt::format("'{}' is not an index of a list of {}", step, here->items_.size()));
      here = &here->items_[index];
      continue;
    }
    if (here->is_scalar())
      throw fail(fmt::format("'{}' cannot be set inside the single value '{}'", step, here->scalar_));
    if (here->is_null()) {
      here->kind_ = Kind::map;
      if (!here->source_) here->source_ = at.source_;
    }
    auto found = std::find_if(here->entries_.begin(), here->entries_.end(),
                              [&](const auto& entry) { return entry.first.scalar_ == step; });
    if (found == here->entries_.end()) {
      Value empty;
      empty.source_ = at.source_;
      here->entries_.emplace_back(word(step, at), std::move(empty));
      found = std::prev(here->entries_.end());
    }
    here = &found->second;
  }
  *here = leaf;
}

Value Value::without(const std::string& key) const {
  Value rest = *this;
  const auto is_key = [&](const auto& entry) { return entry.first.scalar_ == key; };
  rest.entries_.erase(std::remove_if(rest.entries_.begin(), rest.entries_.end(), is_key),
                      rest.entries_.end());
  return rest;
}

std::string Value::key() const {
  std::string text;
  const Source* source = nullptr;
  add_key(text, source);
  return text;
}

void Value::add_key(std::string& text, const Source*& source) const {
  // A word may be a path relative to its file.
  if (source_.get() != source) {
    source = source_.get();
    text += fmt::format("@{}\n", source != nullptr ? source->name : "");
  }
  text += "_$[{"[static_cast<size_t>(kind_)];
  switch (kind_) {
    case Kind::null:
      return;
    case Kind::scalar:
      text += std::to_string(scalar_.size());
      text += ':';
      text += scalar_;
      return;
    case Kind::list:
      for (const Value& item : items_) item.add_key(text, source);
      text += ']';
      return;
    case Kind::map:
      for (const auto& [name, value] : entries_) {
        name.add_key(text, source);
        value.add_key(text, source);
      }
      text += '}';
  }
}

void Value::overlay(const Value& other) {
  if (!is_map() || !other.is_map()) {
    *this = other;
    return;
  }
  for (const auto& [key, value] : other.entries_) {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&k = key](const auto& entry) {
      return entry.first.scalar_ == k.scalar_;
    });
    if (found == entries_.end())
      entries_.emplace_back(key, value);
    else
      found->second.overlay(value);
  }
}

}  // namespace agentsim::config
