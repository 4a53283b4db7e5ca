#include "analysis/calibration/minimise.hpp"

#include <nlopt.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

namespace agentsim::calibration {
namespace {

struct Search {
  const std::vector<Knob>& knobs;
  const std::function<double()>& loss;

  void set(const double* x) const {
    for (size_t i = 0; i < knobs.size(); ++i) *knobs[i].value = std::exp(x[i]);
  }
};

double evaluate(unsigned, const double* x, double*, void* data) {
  const auto* search = static_cast<const Search*>(data);
  search->set(x);
  return search->loss();
}

// From -1 to 1, spread evenly by the golden ratio.
double spread(int start, size_t knob) {
  const double turn =
      0.6180339887498949 * static_cast<double>(start) + 0.7548776662466927 * static_cast<double>(knob);
  return 2.0 * (turn - std::floor(turn)) - 1.0;
}

}  // namespace

double three_digits(double value) {
  if (value == 0.0) return 0.0;
  const double scale = std::pow(10.0, 2.0 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

double minimise(const std::vector<Knob>& knobs, const std::function<double()>& loss, int starts,
                int evaluations) {
  const auto count = static_cast<unsigned>(knobs.size());
  std::vector<double> low(count), high(count), best;
  for (size_t i = 0; i < count; ++i) {
    low[i] = std::log(knobs[i].low);
    high[i] = std::log(knobs[i].high);
  }
  Search search{knobs, loss};
  const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> optimiser(nlopt_create(NLOPT_LN_SBPLX, count),
                                                                    nlopt_destroy);
  nlopt_set_lower_bounds(optimiser.get(), low.data());
  nlopt_set_upper_bounds(optimiser.get(), high.data());
  nlopt_set_min_objective(optimiser.get(), evaluate, &search);
  nlopt_set_maxeval(optimiser.get(), evaluations);
  nlopt_set_ftol_rel(optimiser.get(), 1e-6);
  double least = std::numeric_limits<double>::infinity();
  for (int start = 0; start < starts; ++start) {
    std::vector<double> x(count);
    for (size_t i = 0; i < count; ++i) {
      x[i] = std::log(knobs[i].start);
      if (start > 0) x[i] += 0.25 * spread(start, i) * (high[i] - low[i]);
      x[i] = std::clamp(x[i], low[i], high[i]);
    }
    double value = 0.0;
    nlopt_optimize(optimiser.get(), x.data(), &value);
    if (value >= least) continue;
    least = value;
    best = x;
  }
  for (size_t i = 0; i < count; ++i) *knobs[i].value = three_digits(std::exp(best[i]));
  return loss();
}

}  // namespace agentsim::calibration
