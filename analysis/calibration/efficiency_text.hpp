#pragma once

#include <string>
#include <vector>

#include "analysis/calibration/calibrate.hpp"

namespace agentsim::calibration {

// The constants as the `efficiency` block of a GPU's YAML; those at their defaults are left out.
std::string efficiency_yaml(const platform::Efficiency& efficiency);

// `text` of a GPU file with the block, and with provenance.efficiency saying `source` and the residuals of both halves.
// `efficiency_from` goes, because all curves are now its own. All other lines stay as they are.
std::string with_efficiency(const std::string& text, const platform::Efficiency& efficiency,
                            const std::vector<Curve>& curves, const std::string& source);

// For people: one line a curve.
std::string residual_table(const std::vector<Curve>& curves);

}  // namespace agentsim::calibration
