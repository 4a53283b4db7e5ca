#include "analysis/statistics/estimate.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "sim/base/contract.hpp"

namespace agentsim::statistics {

double student_t(double confidence, size_t degrees_of_freedom) {
  AGENTSIM_CONTRACT(confidence > 0.0 && confidence < 1.0 && degrees_of_freedom > 0,
                    "no Student-t quantile for confidence {} and {} degrees of freedom", confidence,
                    degrees_of_freedom);
  const boost::math::students_t distribution(static_cast<double>(degrees_of_freedom));
  return boost::math::quantile(boost::math::complement(distribution, (1.0 - confidence) / 2.0));
}

Estimate estimate(const std::vector<double>& sample, double confidence) {
  Estimate result;
  result.n = sample.size();
  if (sample.empty()) return result;
  const auto n = static_cast<double>(sample.size());
  // Taken from the first value on, so that equal values have exactly no spread.
  double sum = 0.0;
  for (const double value : sample) sum += value - sample.front();
  const double mean = sample.front() + sum / n;
  result.mean = mean;
  if (sample.size() < 2) return result;
  double squares = 0.0;
  for (const double value : sample) squares += (value - mean) * (value - mean);
  result.deviation = std::sqrt(squares / (n - 1.0));
  const double half = student_t(confidence, sample.size() - 1) * *result.deviation / std::sqrt(n);
  AGENTSIM_CONTRACT(std::isfinite(half), "a sample of {} has no finite interval", sample.size());
  result.interval = Interval{mean - half, mean + half};
  return result;
}

Estimate estimate(const std::vector<std::optional<double>>& sample, double confidence) {
  std::vector<double> values;
  for (const std::optional<double>& value : sample)
    if (value) values.push_back(*value);
  if (values.size() == sample.size()) return estimate(values, confidence);
  Estimate incomplete;
  incomplete.n = values.size();
  return incomplete;
}

std::optional<size_t> replications_needed(double deviation, double half_width, double confidence,
                                          size_t limit) {
  if (deviation <= 0.0) return 2;
  for (size_t n = 2; n <= limit; ++n)
    if (student_t(confidence, n - 1) * deviation / std::sqrt(static_cast<double>(n)) <= half_width) return n;
  return {};
}

}  // namespace agentsim::statistics
