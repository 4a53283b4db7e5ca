#include "analysis/cost/price_list.hpp"

#include <fmt/format.h>

#include "sim/base/suggest.hpp"
#include "sim/config/library.hpp"

namespace agentsim::cost {
namespace {

template <class Quoted>
void check(const PriceList& list, const std::map<std::string, Quoted>& quotes, const char* section,
           const char* what, const std::string& word, const std::string& label, Diagnostics& diagnostics) {
  if (quotes.count(word) > 0) return;
  std::vector<std::string> valid;
  for (const auto& [name, quote] : quotes) valid.push_back(name);
  Diagnostic d = list.at.mistake(fmt::format(
      "the price list '{}' has no {} '{}', which the platform '{}' needs", list.name, what, word, label));
  d.suggestion = nearest(word, valid);
  d.valid = valid;
  d.note = fmt::format("add '{}' to '{}' of the price list", word, section);
  diagnostics.add(std::move(d));
}

}  // namespace

PriceList load_price_list(const config::Value& word_or_map, Diagnostics& diagnostics) {
  PriceList list;
  config::Value map;
  if (!config::Library::load(word_or_map, "price list", "platforms/prices", map, diagnostics)) return list;
  config::Reader reader(map, "the price list", diagnostics);
  describe(reader, list);
  // Without a valid basis nothing can be said about the other keys.
  if (!list.basis.empty()) reader.finish();
  list.at = word_or_map;
  return list;
}

void check_priced(const PriceList& list, const platform::Cluster& cluster, const std::string& label,
                  Diagnostics& diagnostics) {
  for (int group = 0; group < cluster.groups(); ++group) {
    const platform::Node& node = cluster.node(group);
    if (list.is_rental()) {
      check(list, list.gpu_hour, "gpu_hour", "rent of the gpu", node.gpu.name, label, diagnostics);
      continue;
    }
    check(list, list.owned.node_capex, "node_capex", "purchase price of the node", node.name, label,
          diagnostics);
    check(list, list.owned.power.node_overhead, "power.node_overhead", "power of the node", node.name, label,
          diagnostics);
  }
}

double node_overhead_w(const PriceList& list, const platform::Cluster& cluster) {
  const auto& overhead = list.owned.power.node_overhead;
  double mean_w = 0.0;
  for (int group = 0; group < cluster.groups(); ++group) {
    const auto found = overhead.find(cluster.node(group).name);
    if (found != overhead.end())
      mean_w += found->second.value * (static_cast<double>(cluster.nodes_in(group)) / cluster.nodes());
  }
  return mean_w;
}

}  // namespace agentsim::cost
