#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/cost/quote.hpp"
#include "sim/config/value.hpp"
#include "sim/platform/cluster.hpp"

namespace agentsim::cost {

// What one node costs to buy.
struct NodeCapex {
  Quote<Price> gpu;      // all its GPUs
  Quote<Price> host;     // the rest of the server
  Quote<Price> network;  // NICs, optics and the node's share of switches
};

struct PowerTerms {
  Quote<EnergyPrice> price;
  Quote<PowerFactor> pue;
  std::map<std::string, Quote<PowerDraw>> node_overhead;  // of a node, beside its GPUs
};

// What owning and housing machines costs.
struct Ownership {
  std::map<std::string, NodeCapex> node_capex;
  Quote<Share> installation_share;  // of the capex
  Quote<Duration> depreciation;
  Quote<Share> residual_fraction;  // of the capex, at the end of the depreciation
  Quote<YearlyShare> cost_of_capital;
  PowerTerms power;
  Quote<PowerRent> colocation;    // for the power the machines can draw
  Quote<YearlyShare> opex_share;  // of the capex
};

// One price list (platforms/prices/*.yaml): renting GPUs by the hour, or owning nodes. Which of the two,
// `basis` says.
struct PriceList {
  std::string name;
  std::string title;
  std::string basis;                            // rental | owned
  std::map<std::string, Quote<Rent>> gpu_hour;  // on demand
  std::map<std::string, Quote<Rent>>
      spot_gpu_hour;  // for people: no result uses it, as a spot GPU can be taken away
  Ownership owned;
  config::Value at;  // where the list is named, for messages

  bool is_rental() const { return basis == "rental"; }
};

template <class Visitor>
void describe(Visitor& v, NodeCapex& capex) {
  v.section("gpu", capex.gpu, "all GPUs of a node", config::Need::required);
  v.section("host", capex.host, "the rest of the server", config::Need::required);
  v.section("network", capex.network, "NICs, optics and the share of switches", config::Need::required);
}

template <class Visitor>
void describe(Visitor& v, PowerTerms& power) {
  v.section("price", power.price, "of energy", config::Need::required);
  v.section("pue", power.pue, "power usage effectiveness of the building", config::Need::required);
  v.named_sections("node_overhead", power.node_overhead, "power of a node beside its GPUs",
                   config::Need::required);
}

template <class Visitor>
void describe(Visitor& v, Ownership& o) {
  using config::Need;
  v.named_sections("node_capex", o.node_capex, "purchase prices by node", Need::required);
  v.section("installation_share", o.installation_share, "of the capex", Need::required);
  v.section("depreciation", o.depreciation, "time to the residual value", Need::required);
  v.section("residual_fraction", o.residual_fraction, "of the capex, at its end", Need::required);
  v.section("cost_of_capital", o.cost_of_capital, "on the capital bound", Need::required);
  v.section("power", o.power, "energy", Need::required);
  v.section("colocation", o.colocation, "by the power the machines can draw", Need::required);
  v.section("opex_share", o.opex_share, "of the capex", Need::required);
}

template <class Visitor>
void describe(Visitor& v, PriceList& list) {
  using config::Need;
  v.field("name", list.name, "the word scenarios use", Need::required);
  v.field("title", list.title, "the name people use");
  v.choice("basis", list.basis, {"owned", "rental"}, "what is paid for", Need::required);
  if (list.basis == "rental") {
    v.named_sections("gpu_hour", list.gpu_hour, "rent of a GPU on demand", Need::required);
    v.named_sections("spot_gpu_hour", list.spot_gpu_hour, "rent of a GPU that can be taken away");
  } else if (list.basis == "owned") {
    describe(v, list.owned);
  }
}

// Loads platforms/prices/<name>.yaml, a path, or an inline map. Mistakes go to the diagnostics; a file that
// is not YAML throws ConfigError.
PriceList load_price_list(const config::Value& word_or_map, Diagnostics& diagnostics);

// Reports every price that the list lacks for a platform, at the place that names the list.
void check_priced(const PriceList& list, const platform::Cluster& cluster, const std::string& label,
                  Diagnostics& diagnostics);

// W of one node beside its GPUs; 0 where the list does not price energy.
double node_overhead_w(const PriceList& list, const platform::Cluster& cluster);

}  // namespace agentsim::cost
