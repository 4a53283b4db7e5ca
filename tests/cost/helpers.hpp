#pragma once

#include <string>

#include "analysis/cost/price_list.hpp"

namespace agentsim::cost {

inline platform::Cluster cluster(const std::string& word) {
  return platform::load_cluster(config::Value::parse(word, "test"));
}

// A price list as the scenario line `prices: <word or map>` names it.
inline PriceList prices(const std::string& word_or_map) {
  const config::Value scenario = config::Value::parse("prices: " + word_or_map, "s.yaml");
  Diagnostics diagnostics;
  PriceList list = load_price_list(*scenario.find("prices"), diagnostics);
  diagnostics.throw_if_any();
  return list;
}

// The words of the ConfigError that an action ends in; "" if none.
template <class Action>
std::string errors_of(Action action) {
  try {
    action();
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

}  // namespace agentsim::cost
