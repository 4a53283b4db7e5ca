#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "analysis/cost/hourly_cost.hpp"
#include "analysis/cost/session_cost.hpp"
#include "analysis/statistics/paired.hpp"
#include "sim/scenario.hpp"

namespace agentsim::study {

// One figure of a run. Either it stands in summary.json or it is a cost, and then there is one for each price
// list.
struct Metric {
  const char* name;   // in files, with its unit
  const char* title;  // for people, with the unit it is shown in
  double shown;       // unit of the file in units shown
  const char* path;   // JSON pointer into summary.json; null for a cost
  double factor;      // unit of summary.json in units of the file
  std::optional<double> cost::SessionCost::*cost;
  const char* meaning;

  bool is_cost() const { return path == nullptr; }
};

const std::vector<Metric>& metrics_compared();

// What a finished run says, as far as a comparison asks.
struct Run {
  nlohmann::ordered_json summary;  // summary.json, with gpu_power_w (cost/power.hpp) added
  std::string fingerprint;         // of its results
  std::string plans_fingerprint;   // of the sessions it ran
  std::vector<std::string> notes;
  std::vector<cost::HourlyCost> hourly;  // by price list
  std::vector<cost::SessionCost> costs;  // by price list
};

// `summary` and `manifest` are what the files of the run hold.
Run read_run(nlohmann::ordered_json summary, const nlohmann::ordered_json& manifest,
             const PlatformChoice& choice, const std::vector<cost::PriceList>& prices);
Run read_run(const std::filesystem::path& folder, const PlatformChoice& choice,
             const std::vector<cost::PriceList>& prices);

// Empty if it is undefined; `prices` is the place of the price list of a cost.
std::optional<double> value_of(const Run& run, const Metric& metric, size_t prices);

// A metric of a platform over its replications.
struct Figure {
  const Metric* metric = nullptr;
  std::string prices;  // name of the price list, for a cost
  statistics::Estimate estimate;
  statistics::Ratio to_baseline;  // paired; that of the baseline to itself is 1
};

// All metrics, the costs once for each price list.
std::vector<Figure> figures_of(const std::vector<Run>& runs, const std::vector<Run>& baseline,
                               const std::vector<cost::PriceList>& prices, double confidence);

// Mean of a number of the summaries; empty if one lacks it.
std::optional<double> mean_of(const std::vector<Run>& runs, const char* path);

}  // namespace agentsim::study
