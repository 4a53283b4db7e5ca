#pragma once

#include "sim/model/measured_table.hpp"

namespace agentsim::model {

// What the tokens of a benchmark of experts meet on the GPU with the most rows.
struct ExpertLoad {
  double rows = 0.0;     // visits of its experts
  double touched = 0.0;  // its experts that are visited at all
};

// As aiconfigurator's benchmark spreads tokens (aic-core, collector, power_law_logits_v3 and balanced_logits), with the
// quantiles of the power law in place of its random draws: loads x between 1 and 0.8 tokens (0.01 and 2 if there are
// fewer visits than experts) with a density of x^-exponent, scaled to the visits and rounded; what rounding loses goes
// to the emptiest experts, in their order. Experts lie in a fixed mixed order on the GPUs.
ExpertLoad expert_load(const MeasuredMoE& row);
// The experts of that GPU in that benchmark.
MoEShape shape_of(const MeasuredMoE& row);

}  // namespace agentsim::model
