#pragma once

#include <string>
#include <vector>

#include "analysis/calibration/observation.hpp"

namespace agentsim::calibration {

// Fits the constants of one kernel and type on those of the rows that are of the half to fit, into gpu.efficiency.
// Quantised GEMMs keep the launch of bf16's if there is one, since only their quantisation adds kernels; an fp8 cache
// keeps the tile of the bf16 one, since it is the same kernel.
void fit_curve(platform::Accelerator& gpu, Op op, const std::string& dtype,
               const std::vector<Observation>& rows);

// Mean of 2 (sqrt(1 + (e / 0.1)^2) - 1), e = ln(predicted / measured): squares below 10 %, absolute beyond. Each file
// has the same weight, however many rows it has.
double loss_of(const platform::Accelerator& gpu, const std::vector<const Observation*>& rows);

}  // namespace agentsim::calibration
