#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

namespace agentsim::metrics {

// Mean and percentiles of a sample. A percentile p is given only if at least ten values lie beyond it,
// because fewer tell nothing about it; what is not given is empty, never 0.
struct DistributionSummary {
  size_t count = 0;
  std::optional<double> mean, p50, p90, p95, p99;
};

DistributionSummary summarise(std::vector<double> values);
nlohmann::ordered_json to_json(const DistributionSummary& summary);

}  // namespace agentsim::metrics
