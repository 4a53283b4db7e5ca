#pragma once

#include <functional>
#include <vector>

namespace agentsim::calibration {

// A constant that is searched between two positive limits, in its logarithm.
struct Knob {
  double* value = nullptr;
  double start = 1.0;
  double low = 0.0;
  double high = 1.0;
};

// Minimises `loss` over the knobs, which it sets before each call, with Nelder and Mead's simplex on subspaces
// (T. Rowan's Subplex, in NLopt) from `starts` places: the knobs' own, then others that are always the same. Leaves
// the best values, rounded to three digits, in the knobs and returns their loss.
double minimise(const std::vector<Knob>& knobs, const std::function<double()>& loss, int starts,
                int evaluations);

double three_digits(double value);

}  // namespace agentsim::calibration
