#pragma once

#include "analysis/statistics/estimate.hpp"

namespace agentsim::statistics {

using OptionalValues = std::vector<std::optional<double>>;

// candidate - baseline of replications that ran the same plans (common random numbers): what both have in
// common falls out, and the interval is narrower than that of two independent samples.
Estimate paired_difference(const OptionalValues& candidate, const OptionalValues& baseline,
                           double confidence);

// candidate / baseline: the geometric mean of the ratios of the pairs, with the interval of their logarithms.
// Empty where a pair lacks a value or one is not positive; without an interval for n < 2.
struct Ratio {
  size_t n = 0;
  std::optional<double> value;
  std::optional<double> log_deviation;
  std::optional<Interval> interval;
};

Ratio paired_ratio(const OptionalValues& candidate, const OptionalValues& baseline, double confidence);

}  // namespace agentsim::statistics
