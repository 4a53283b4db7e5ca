#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"

namespace agentsim::config {

// The visitor that writes every resolved value of a struct, in base units, under the names Reader reads:
// no result depends on a default that only the code knows. Whoever looks at its JSON, or has values that
// are written by a `dump_json` of their own, includes <nlohmann/json.hpp>; most of its many users need not.
class Dumper {
 public:
  using Json = nlohmann::ordered_json;

  Dumper();
  ~Dumper();
  Dumper(const Dumper&) = delete;
  Dumper& operator=(const Dumper&) = delete;

  void field(const std::string& key, double& out, Dimension, Bounds, const char*, Need = Need::optional);
  void field(const std::string& key, int64_t& out, Bounds, const char*, Need = Need::optional);
  void field(const std::string& key, bool& out, const char*, Need = Need::optional);
  void field(const std::string& key, std::string& out, const char*, Need = Need::optional);
  void choice(const std::string& key, std::string& out, const std::vector<std::string>&, const char*,
              Need = Need::optional);
  // `Json dump_json(const T&)` is found by the type's namespace.
  template <class T>
  void value(const std::string& key, T& out, const char*, Need = Need::optional) {
    put(key, dump_json(out));
  }
  template <class Spec>
  void section(const std::string& key, Spec& out, const char*, Need = Need::optional) {
    Dumper inner;
    describe(inner, out);
    put(key, inner.json());
  }
  template <class Spec>
  void sections(const std::string& key, std::vector<Spec>& out, const char*, Need = Need::optional) {
    Dumper list(Kind::array);
    for (Spec& item : out) {
      Dumper inner;
      describe(inner, item);
      list.append(inner.json());
    }
    put(key, list.json());
  }
  template <class Spec>
  void named_sections(const std::string& key, std::map<std::string, Spec>& out, const char*,
                      Need = Need::optional) {
    Dumper map;
    for (auto& [name, item] : out) map.section(name, item, "");
    put(key, map.json());
  }
  void known(const std::string&) {}

  const Json& json() const { return *json_; }

 private:
  enum class Kind { object, array };
  explicit Dumper(Kind kind);
  void put(const std::string& key, const Json& value);
  void append(const Json& value);

  std::unique_ptr<Json> json_;
};

// The type is a parameter only because it is incomplete here.
template <class Spec, class Json = Dumper::Json>
Json dump(const Spec& spec) {
  Dumper dumper;
  Spec copy = spec;
  describe(dumper, copy);
  return dumper.json();
}

}  // namespace agentsim::config
