#include "sim/metrics/distribution_summary.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace agentsim::metrics {
namespace {

constexpr double kValuesBeyond = 10.0;

// Nearest rank: the smallest value with at least the share q of the sample at or below it.
std::optional<double> percentile(std::vector<double>& values, double q) {
  const auto n = static_cast<double>(values.size());
  if (n * (1.0 - q) < kValuesBeyond - 1e-9) return {};
  const auto rank = static_cast<std::ptrdiff_t>(std::max(0.0, std::ceil(q * n - 1e-9) - 1.0));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<size_t>(rank)];
}

}  // namespace

DistributionSummary summarise(std::vector<double> values) {
  DistributionSummary s;
  s.count = values.size();
  if (values.empty()) return s;
  double sum = 0.0;
  for (const double value : values) sum += value;
  s.mean = sum / static_cast<double>(values.size());
  s.p50 = percentile(values, 0.50);
  s.p90 = percentile(values, 0.90);
  s.p95 = percentile(values, 0.95);
  s.p99 = percentile(values, 0.99);
  return s;
}

nlohmann::ordered_json to_json(const DistributionSummary& s) {
  const auto value = [](const std::optional<double>& v) {
    return v ? nlohmann::ordered_json(*v) : nlohmann::ordered_json();
  };
  return {{"count", s.count},    {"mean", value(s.mean)}, {"p50", value(s.p50)},
          {"p90", value(s.p90)}, {"p95", value(s.p95)},   {"p99", value(s.p99)}};
}

}  // namespace agentsim::metrics
