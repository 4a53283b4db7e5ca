#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/diagnostic.hpp"
#include "sim/base/units.hpp"
#include "sim/config/value.hpp"

namespace agentsim::config {

// Inclusive limits of a number, in base units.
struct Bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};
inline constexpr Bounds kPositive{std::numeric_limits<double>::min(),
                                  std::numeric_limits<double>::infinity()};
inline constexpr Bounds kNotNegative{0.0, std::numeric_limits<double>::infinity()};
inline constexpr Bounds kFraction{0.0, 1.0};

enum class Need { optional, required };

// Reads one map into the fields of a struct. A struct declares each of its parameters once,
//   template <class Visitor> void describe(Visitor& v, EngineSpec& spec) {
//     v.field("token_budget", spec.token_budget, Bounds{1, 1e6}, "tokens a step may process");
//   }
// and this visitor reads it, config::Dumper writes the resolved values, and both know the same names. A key
// that no field claims is an error. All mistakes go to the Diagnostics; nothing is thrown.
class Reader {
 public:
  // `what` names the map in messages ("the deployment").
  Reader(const Value& map, std::string what, Diagnostics& diagnostics);

  void field(const std::string& key, double& out, Dimension dimension, Bounds bounds, const char* doc,
             Need need = Need::optional);
  void field(const std::string& key, int64_t& out, Bounds bounds, const char* doc,
             Need need = Need::optional);
  void field(const std::string& key, bool& out, const char* doc, Need need = Need::optional);
  void field(const std::string& key, std::string& out, const char* doc, Need need = Need::optional);
  // One of `valid`.
  void choice(const std::string& key, std::string& out, const std::vector<std::string>& valid,
              const char* doc, Need need = Need::optional);
  // A type with its own shape: `void parse(const Value&, T&, Diagnostics&)` is found by its namespace.
  template <class T>
  void value(const std::string& key, T& out, const char* /*doc*/, Need need = Need::optional) {
    if (const Value* found = claim(key, need)) parse(*found, out, diagnostics_);
  }
  // A nested struct with a describe() of its own.
  template <class Spec>
  void section(const std::string& key, Spec& out, const char* /*doc*/, Need need = Need::optional) {
    if (const Value* found = claim(key, need)) read_section(*found, "'" + key + "'", out);
  }
  template <class Spec>
  void sections(const std::string& key, std::vector<Spec>& out, const char* /*doc*/,
                Need need = Need::optional) {
    const Value* found = claim(key, need);
    if (found == nullptr || !expect(*found, Value::Kind::list, key, "a list")) return;
    out.clear();
    for (const Value& item : found->items())
      read_section(item, "an entry of '" + key + "'", out.emplace_back());
  }
  // A map from free names to structs.
  template <class Spec>
  void named_sections(const std::string& key, std::map<std::string, Spec>& out, const char* /*doc*/,
                      Need need = Need::optional) {
    const Value* found = claim(key, need);
    if (found == nullptr || !expect(*found, Value::Kind::map, key, "a map")) return;
    for (const auto& [name, entry] : found->entries())
      read_section(entry, "'" + name.scalar() + "'", out[name.scalar()]);
  }
  // A key that is known but read elsewhere (provenance, comments for people).
  void known(const std::string& key) { claim(key, Need::optional); }

  // Reports the keys that no field claimed. Call once, last.
  void finish();

  bool has(const std::string& key) const { return map_.find(key) != nullptr; }
  // Where to point for a mistake about a key; the map itself if the key is absent.
  const Value& at(const std::string& key) const;
  void mistake(const std::string& key, const std::string& message) {
    diagnostics_.add(at(key).mistake(message));
  }
  Diagnostics& diagnostics() { return diagnostics_; }

 private:
  const Value* claim(const std::string& key, Need need);
  bool expect(const Value& found, Value::Kind kind, const std::string& key, const char* wanted);
  template <class Spec>
  void read_section(const Value& map, const std::string& what, Spec& out) {
    Reader nested(map, what, diagnostics_);
    describe(nested, out);
    nested.finish();
  }

  const Value& map_;
  std::string what_;
  Diagnostics& diagnostics_;
  std::vector<std::string> claimed_;
};

// Reads a quantity where no map surrounds it. Reports and returns false if it is not one within the bounds.
bool read_quantity(const Value& value, const std::string& key, Dimension dimension, Bounds bounds,
                   double& out, Diagnostics& diagnostics);

// Adds "unknown <kind> '<word>'" with the nearest and all valid words.
void add_unknown_word(const Value& value, const std::string& kind, const std::vector<std::string>& valid,
                      Diagnostics& diagnostics);

// Reads a whole map into a struct that has a describe().
template <class Spec>
void read_map(const Value& map, const std::string& what, Spec& out, Diagnostics& diagnostics) {
  Reader reader(map, what, diagnostics);
  describe(reader, out);
  reader.finish();
}

}  // namespace agentsim::config
