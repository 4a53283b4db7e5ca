#include "analysis/cost/hourly_cost.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace agentsim::cost {
namespace {

constexpr double kHour = 3600.0;          // s
constexpr double kYear = 8760.0 * kHour;  // s

HourlyCost owned_cost(const Ownership& terms, const platform::Cluster& cluster, double overhead_w,
                      double mean_power_w) {
  HourlyCost cost;
  double total = 0.0;
  double max_power_w = cluster.nodes() * overhead_w;
  const double residual = terms.residual_fraction.value;
  for (int group = 0; group < cluster.groups(); ++group) {
    const platform::Node& node = cluster.node(group);
    const NodeCapex& capex = terms.node_capex.at(node.name);
    const auto nodes = static_cast<double>(cluster.nodes_in(group));
    const double hourly_loss = nodes * (1.0 - residual) / terms.depreciation.value * kHour;
    total += nodes * (capex.gpu.value + capex.host.value + capex.network.value);
    max_power_w += nodes * cluster.gpus_per_node(group) * node.gpu.tdp_w;
    cost.gpu += capex.gpu.value * hourly_loss;
    cost.host += capex.host.value * hourly_loss;
    cost.network += capex.network.value * hourly_loss;
  }
  const double installation = total * terms.installation_share.value;
  cost.installation = installation / terms.depreciation.value * kHour;
  cost.capital =
      (total + installation + residual * total) / 2.0 * terms.cost_of_capital.value * kHour / kYear;
  cost.energy = mean_power_w * terms.power.pue.value * terms.power.price.value * kHour;
  cost.colocation = max_power_w * terms.colocation.value * kHour;
  cost.operations = total * terms.opex_share.value * kHour / kYear;
  return cost;
}

}  // namespace

HourlyCost hourly_cost(const PriceList& list, const platform::Cluster& cluster, double mean_power_w) {
  Diagnostics diagnostics;
  check_priced(list, cluster, cluster.spec().name, diagnostics);
  diagnostics.throw_if_any();
  if (!list.is_rental()) return owned_cost(list.owned, cluster, node_overhead_w(list, cluster), mean_power_w);
  HourlyCost cost;
  for (int group = 0; group < cluster.groups(); ++group)
    cost.rent += cluster.nodes_in(group) * cluster.gpus_per_node(group) *
                 list.gpu_hour.at(cluster.node(group).gpu.name).value * kHour;
  return cost;
}

double usd_per_h(const PriceList& list, const platform::Cluster& cluster, double mean_power_w) {
  return hourly_cost(list, cluster, mean_power_w).total();
}

nlohmann::ordered_json to_json(const HourlyCost& cost) {
  nlohmann::ordered_json json{{"total_usd_per_h", cost.total()}};
  const std::pair<const char*, double> parts[] = {{"rent", cost.rent},
                                                  {"gpu", cost.gpu},
                                                  {"host", cost.host},
                                                  {"network", cost.network},
                                                  {"installation", cost.installation},
                                                  {"capital", cost.capital},
                                                  {"energy", cost.energy},
                                                  {"colocation", cost.colocation},
                                                  {"operations", cost.operations}};
  for (const auto& [name, usd_per_h] : parts)
    if (usd_per_h != 0.0) json[std::string(name) + "_usd_per_h"] = usd_per_h;
  return json;
}

}  // namespace agentsim::cost
