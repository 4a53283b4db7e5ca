#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"

namespace agentsim::config {

// The visitor that writes every resolved value of a struct, in base units, under the names Reader reads:
// no result depends on a default that only the code knows.
class Dumper {
 public:
  using Json = nlohmann::ordered_json;

  void field(const std::string& key, double& out, Dimension, Bounds, const char*, Need = Need::optional) {
    json_[key] = out;
  }
  void field(const std::string& key, int64_t& out, Bounds, const char*, Need = Need::optional) {
    json_[key] = out;
  }
  void field(const std::string& key, bool& out, const char*, Need = Need::optional) { json_[key] = out; }
  void field(const std::string& key, std::string& out, const char*, Need = Need::optional) {
    json_[key] = out;
  }
  void choice(const std::string& key, std::string& out, const std::vector<std::string>&, const char*,
              Need = Need::optional) {
    json_[key] = out;
  }
  // `Json to_json(const T&)` is found by the type's namespace.
  template <class T>
  void value(const std::string& key, T& out, const char*, Need = Need::optional) {
    json_[key] = dump_json(out);
  }
  template <class Spec>
  void section(const std::string& key, Spec& out, const char*, Need = Need::optional) {
    json_[key] = nested(out);
  }
  template <class Spec>
  void sections(const std::string& key, std::vector<Spec>& out, const char*, Need = Need::optional) {
    json_[key] = Json::array();
    for (Spec& item : out) json_[key].push_back(nested(item));
  }
  template <class Spec>
  void named_sections(const std::string& key, std::map<std::string, Spec>& out, const char*,
                      Need = Need::optional) {
    json_[key] = Json::object();
    for (auto& [name, item] : out) json_[key][name] = nested(item);
  }
  void known(const std::string&) {}

  const Json& json() const { return json_; }

 private:
  template <class Spec>
  static Json nested(Spec& item) {
    Dumper dumper;
    describe(dumper, item);
    return dumper.json();
  }
  Json json_ = Json::object();
};

template <class Spec>
Dumper::Json dump(const Spec& spec) {
  Dumper dumper;
  Spec copy = spec;
  describe(dumper, copy);
  return dumper.json();
}

}  // namespace agentsim::config
