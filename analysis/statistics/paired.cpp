#include "analysis/statistics/paired.hpp"

#include <cmath>

#include "sim/base/contract.hpp"

namespace agentsim::statistics {
namespace {

template <class Combine>
OptionalValues pairs(const OptionalValues& candidate, const OptionalValues& baseline, Combine combine) {
  AGENTSIM_CONTRACT(candidate.size() == baseline.size(), "{} replications cannot be paired with {}",
                    candidate.size(), baseline.size());
  OptionalValues all;
  for (size_t i = 0; i < candidate.size(); ++i) {
    const bool has_both = candidate[i] && baseline[i];
    all.push_back(has_both ? combine(*candidate[i], *baseline[i]) : std::nullopt);
  }
  return all;
}

}  // namespace

Estimate paired_difference(const OptionalValues& candidate, const OptionalValues& baseline,
                           double confidence) {
  const auto difference = [](double c, double b) -> std::optional<double> { return c - b; };
  return estimate(pairs(candidate, baseline, difference), confidence);
}

Ratio paired_ratio(const OptionalValues& candidate, const OptionalValues& baseline, double confidence) {
  const auto log_ratio = [](double c, double b) -> std::optional<double> {
    if (!(c > 0.0) || !(b > 0.0)) return {};
    return std::log(c / b);
  };
  const Estimate logs = estimate(pairs(candidate, baseline, log_ratio), confidence);
  Ratio ratio;
  ratio.n = logs.n;
  ratio.log_deviation = logs.deviation;
  if (logs.mean) ratio.value = std::exp(*logs.mean);
  if (logs.interval) ratio.interval = Interval{std::exp(logs.interval->low), std::exp(logs.interval->high)};
  return ratio;
}

}  // namespace agentsim::statistics
