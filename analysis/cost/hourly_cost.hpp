#pragma once

#include <nlohmann/json_fwd.hpp>

#include "analysis/cost/price_list.hpp"

namespace agentsim::cost {

// What a cluster costs, used or not, in USD/h by part.
//
// Rental: rent = GPUs x price of a GPU-hour.
//
// Owned, with C the capex of all nodes (gpu + host + network), I = C x installation_share, T the depreciation
// time, f the residual fraction, P_max = nodes x (GPUs x TDP + overhead) and P the mean power, both of the
// machines:
//   gpu, host, network  straight depreciation to the residual value: part of C x (1 - f) / T
//   installation        I / T; nothing of it is left
//   capital             (C + I + f C) / 2 x cost_of_capital / year: the mean of what is bound at start and
//   end energy              P x PUE x price colocation          P_max x colocation: a contract reserves the
//   power that the machines can draw operations          C x opex_share / year
// A year has 8760 h and a month 730 h.
struct HourlyCost {
  double rent = 0.0;
  double gpu = 0.0;
  double host = 0.0;
  double network = 0.0;
  double installation = 0.0;
  double capital = 0.0;
  double energy = 0.0;
  double colocation = 0.0;
  double operations = 0.0;

  double total() const {
    return rent + gpu + host + network + installation + capital + energy + colocation + operations;
  }
};

// `mean_power_w` is that of the whole cluster without the building's overhead (mean_power_w of power.hpp);
// only owners pay for it. Throws ConfigError if the list lacks a price (check_priced).
HourlyCost hourly_cost(const PriceList& list, const platform::Cluster& cluster, double mean_power_w);

double usd_per_h(const PriceList& list, const platform::Cluster& cluster, double mean_power_w);

// "total_usd_per_h", then the parts that are not 0.
nlohmann::ordered_json to_json(const HourlyCost& cost);

}  // namespace agentsim::cost
