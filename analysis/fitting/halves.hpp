#pragma once

#include <vector>

#include "analysis/fitting/fit.hpp"

namespace agentsim::fitting {

// A percentile of each half of the sessions against the other half: of the half itself, and of what its fit
// regenerates.
struct HalfDifference {
  std::vector<Difference> recorded;
  std::vector<Difference> regenerated;
};
// Several splits by chance, one after the other.
std::vector<std::vector<HalfDifference>> cross_check(const Load& load, size_t classes, size_t splits,
                                                     const FitOptions& options);

}  // namespace agentsim::fitting
