#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace agentsim::statistics {

struct Interval {
  double low = 0.0;
  double high = 0.0;

  double half_width() const { return (high - low) / 2.0; }
};

// The mean of independent replications and its two-sided Student-t interval,
//   mean +- t(n - 1) s / sqrt(n),   s^2 = sum (x - mean)^2 / (n - 1).
// The mean is empty for n = 0, deviation and interval for n < 2: one run says nothing about its own spread.
struct Estimate {
  size_t n = 0;
  std::optional<double> mean;
  std::optional<double> deviation;  // s
  std::optional<Interval> interval;
};

Estimate estimate(const std::vector<double>& sample, double confidence);

// The same, where replications may lack a value. One without a value leaves the whole estimate empty, because
// what is undefined (the cost of no session at all) is often the worst; n counts the values there are.
Estimate estimate(const std::vector<std::optional<double>>& sample, double confidence);

// The two-sided quantile of Student's t: P(|T| <= t) = confidence.
double student_t(double confidence, size_t degrees_of_freedom);

// The least number of replications, at least 2, with t(n - 1) s / sqrt(n) <= half_width, if the deviation
// stays what it is. Empty beyond `limit`.
std::optional<size_t> replications_needed(double deviation, double half_width, double confidence,
                                          size_t limit = 1000);

}  // namespace agentsim::statistics
