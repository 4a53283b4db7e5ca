#pragma once

#include <vector>

namespace agentsim::statistics {

// Linear between order statistics, of at least one value in rising order; `share` in 0 to 1.
double quantile(const std::vector<double>& sorted, double share);

}  // namespace agentsim::statistics
