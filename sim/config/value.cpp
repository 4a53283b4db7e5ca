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

void Value::set(const std::string& path, const std::string& yaml_text) {
  const std::string label = fmt::format("--set {}={}", path, yaml_text);
  const Value leaf = parse(yaml_text, label);
  const auto fail = [&](const std::string& why) -> ConfigError {
    return ConfigError(std::vector<Diagnostic>{{Place{label, 0, 0, 1, ""}, why, "", {}, ""}});
  };
  // getline sees no step behind the last dot.
  if (path.empty() || path.back() == '.') throw fail("the path has an empty step");
  Value* at = this;
  std::istringstream steps(path);
  std::string step;
  while (std::getline(steps, step, '.')) {
    if (step.empty()) throw fail("the path has an empty step");
    if (at->is_list()) {
      const bool is_index = step.find_first_not_of("0123456789") == std::string::npos && step.size() < 7;
      const size_t index = is_index ? std::stoul(step) : at->items_.size();
      if (index >= at->items_.size())
        throw fail(fmt::format("'{}' is not an index of a list of {}", step, at->items_.size()));
      at = &at->items_[index];
      continue;
    }
    if (at->is_scalar())
      throw fail(fmt::format("'{}' cannot be set inside the single value '{}'", step, at->scalar_));
    if (at->is_null()) {
      at->kind_ = Kind::map;
      if (!at->source_) at->source_ = leaf.source_;
    }
    auto found = std::find_if(at->entries_.begin(), at->entries_.end(),
                              [&](const auto& entry) { return entry.first.scalar_ == step; });
    if (found == at->entries_.end()) {
      Value key;
      key.kind_ = Kind::scalar;
      key.scalar_ = step;
      key.source_ = leaf.source_;
      Value empty;
      empty.source_ = leaf.source_;
      at->entries_.emplace_back(std::move(key), std::move(empty));
      found = std::prev(at->entries_.end());
    }
    at = &found->second;
  }
  *at = leaf;
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
