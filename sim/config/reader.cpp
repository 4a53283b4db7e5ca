#include "sim/config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/suggest.hpp"

namespace agentsim::config {
namespace {

std::string bounds_text(Bounds bounds) {
  const bool has_low = std::isfinite(bounds.low);
  const bool has_high = std::isfinite(bounds.high);
  if (has_low && has_high) return fmt::format("must be between {:g} and {:g}", bounds.low, bounds.high);
  if (has_low && bounds.low > 0.0 && bounds.low < 1e-300) return "must be greater than 0";
  if (has_low) return fmt::format("must be at least {:g}", bounds.low);
  return fmt::format("must be at most {:g}", bounds.high);
}

bool within(double value, Bounds bounds) {
  return value >= bounds.low && value <= bounds.high;
}

}  // namespace

bool read_quantity(const Value& value, const std::string& key, Dimension dimension, Bounds bounds,
                   double& out, Diagnostics& diagnostics) {
  if (!value.is_scalar()) {
    diagnostics.add(
        value.mistake(fmt::format("'{}' wants {}, not {}", key, description(dimension), value.kind_name())));
    return false;
  }
  const std::optional<double> parsed = parse_quantity(value.scalar(), dimension);
  if (!parsed) {
    Diagnostic d =
        value.mistake(fmt::format("'{}' wants {}, not '{}'", key, description(dimension), value.scalar()));
    std::string word;
    if (dimension != Dimension::number && parse_number(value.scalar(), &word)) {
      d.suggestion = nearest(word, unit_words(dimension));
      d.valid = unit_words(dimension);
      d.message = word.empty()
                      ? fmt::format("'{}' needs a unit: {}", key, description(dimension))
                      : fmt::format("'{}' has the unit '{}' but wants {}", key, word, description(dimension));
    }
    diagnostics.add(std::move(d));
    return false;
  }
  if (!within(*parsed, bounds)) {
    diagnostics.add(value.mistake(fmt::format("'{}' {}, not {}", key, bounds_text(bounds), value.scalar())));
    return false;
  }
  out = *parsed;
  return true;
}

void add_unknown_word(const Value& value, const std::string& kind, const std::vector<std::string>& valid,
                      Diagnostics& diagnostics) {
  Diagnostic d = value.mistake(fmt::format("unknown {} '{}'", kind, value.scalar()));
  d.suggestion = nearest(value.scalar(), valid);
  d.valid = valid;
  diagnostics.add(std::move(d));
}

Reader::Reader(const Value& map, std::string what, Diagnostics& diagnostics)
    : map_(map), what_(std::move(what)), diagnostics_(diagnostics) {
  if (!map_.is_map() && !map_.is_null())
    diagnostics_.add(map_.mistake(fmt::format("{} wants a map of keys, not {}", what_, map_.kind_name())));
}

const Value* Reader::claim(const std::string& key, Need need) {
  claimed_.push_back(key);
  const Value* found = map_.find(key);
  if (found != nullptr && found->is_null() && need == Need::optional) return nullptr;
  const bool missing = found == nullptr || found->is_null();
  if (missing && need == Need::required && (map_.is_map() || map_.is_null()))
    diagnostics_.add(
        (found != nullptr ? *found : map_).mistake(fmt::format("{} lacks the key '{}'", what_, key)));
  return missing ? nullptr : found;
}

bool Reader::expect(const Value& found, Value::Kind kind, const std::string& key, const char* wanted) {
  if (found.kind() == kind) return true;
  diagnostics_.add(found.mistake(fmt::format("'{}' wants {}, not {}", key, wanted, found.kind_name())));
  return false;
}

void Reader::field(const std::string& key, double& out, Dimension dimension, Bounds bounds, const char*,
                   Need need) {
  if (const Value* found = claim(key, need)) read_quantity(*found, key, dimension, bounds, out, diagnostics_);
}

void Reader::field(const std::string& key, int64_t& out, Bounds bounds, const char*, Need need) {
  const Value* found = claim(key, need);
  double parsed = 0.0;
  if (found == nullptr || !read_quantity(*found, key, Dimension::number, bounds, parsed, diagnostics_))
    return;
  if (parsed != std::floor(parsed) || std::abs(parsed) > 9e15)
    diagnostics_.add(found->mistake(fmt::format("'{}' wants a whole number, not {}", key, found->scalar())));
  else
    out = static_cast<int64_t>(parsed);
}

void Reader::field(const std::string& key, bool& out, const char*, Need need) {
  const Value* found = claim(key, need);
  if (found == nullptr) return;
  if (found->is_scalar() &&
      (found->scalar() == "on" || found->scalar() == "true" || found->scalar() == "yes"))
    out = true;
  else if (found->is_scalar() &&
           (found->scalar() == "off" || found->scalar() == "false" || found->scalar() == "no"))
    out = false;
  else
    diagnostics_.add(found->mistake(fmt::format("'{}' wants on or off", key)));
}

void Reader::field(const std::string& key, std::string& out, const char*, Need need) {
  const Value* found = claim(key, need);
  if (found != nullptr && expect(*found, Value::Kind::scalar, key, "a word")) out = found->scalar();
}

void Reader::choice(const std::string& key, std::string& out, const std::vector<std::string>& valid,
                    const char*, Need need) {
  const Value* found = claim(key, need);
  if (found == nullptr || !expect(*found, Value::Kind::scalar, key, "a word")) return;
  if (std::find(valid.begin(), valid.end(), found->scalar()) == valid.end())
    add_unknown_word(*found, key, valid, diagnostics_);
  else
    out = found->scalar();
}

void Reader::finish() {
  for (const auto& [key, value] : map_.entries()) {
    if (std::find(claimed_.begin(), claimed_.end(), key.scalar()) != claimed_.end()) continue;
    Diagnostic d = key.mistake(fmt::format("{} has no key '{}'", what_, key.scalar()));
    d.suggestion = nearest(key.scalar(), claimed_);
    d.valid = claimed_;
    diagnostics_.add(std::move(d));
  }
}

const Value& Reader::at(const std::string& key) const {
  const Value* found = map_.find(key);
  return found != nullptr ? *found : map_;
}

}  // namespace agentsim::config
