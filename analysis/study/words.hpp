#pragma once

#include <string>

#include "analysis/statistics/paired.hpp"

namespace agentsim::study {

// Numbers for people. `scale` turns the unit of the estimate into the one shown.

// "12.35 ± 0.43": the half width to two digits and the mean to the same place. Without ± if there is no
// interval or no spread; "-" if there is no mean.
std::string words(const statistics::Estimate& estimate, double scale = 1.0);

// "0.619 (0.572 to 0.672)": all to the place of the second digit of half the interval's width, with at
// most five digits and four after the point. Likewise.
std::string words(const statistics::Ratio& ratio);

}  // namespace agentsim::study
