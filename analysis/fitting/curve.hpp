#pragma once

#include <string>
#include <utility>
#include <vector>

namespace agentsim::fitting {

// A distribution by its percentiles, as the kind `quantiles` of role files: between two knots values follow
// an exponential curve, or a line from one below 1e-3.
class Curve {
 public:
  // Always this value.
  explicit Curve(double value = 0.0);
  // Values that were rounded to whole multiples of `step` are spread over it, so that the curve is right at
  // each of them; with a step of 0 they stand as they are. There is at least one.
  static Curve of(std::vector<double> values, double step);
  // Levels in [0, 1] and values; both must not fall.
  static Curve through(std::vector<std::pair<double, double>> knots);

  // Above the last percentile but one, P(X > x) falls with x^-alpha (Hill's estimator on what is above it),
  // if there are at least 20 values there. Draws go at most to `max`.
  void fit_tail(const std::vector<double>& values, double max);

  double at(double level) const;
  const std::vector<std::pair<double, double>>& knots() const { return knots_; }
  bool is_constant() const { return knots_.front().second == knots_.back().second; }
  // Without the knots that the others give to a relative error.
  Curve thinned(double error) const;
  // As a value of a role file, thinned to 1 %; `unit` is "" or "s".
  std::string text(const std::string& unit) const;

 private:
  std::vector<std::pair<double, double>> knots_;  // from level 0 to level 1
  double tail_ = 0.0;
  double max_ = 0.0;
};

// 1 where most values are whole, as clocks with steps of 1 s give them; else 0.
double step_of(const std::vector<double>& values);

// Four digits, without an exponent.
std::string short_number(double value);

}  // namespace agentsim::fitting
