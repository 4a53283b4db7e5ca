#pragma once

#include <string>
#include <vector>

#include "analysis/calibration/observation.hpp"

namespace agentsim::calibration {

// |predicted / measured - 1| over some rows, as shares; bias is median(predicted / measured) - 1.
struct Residuals {
  size_t rows = 0;
  double median = 0.0;
  double p90 = 0.0;
  double bias = 0.0;
};

struct Curve {
  Op op = Op::gemm;
  std::string dtype;  // "" for elementwise kernels
  Residuals fitted;
  Residuals held_out;
  std::string label() const { return dtype.empty() ? name_of(op) : name_of(op) + "_" + dtype; }
};

// Replaces the curves of `gpu` of which there are at least 20 rows to fit, in a fixed order; others stay. `only`
// restricts it to one op's name. Where the prefill table of an fp8 cache is rejected (beats_peak) and bf16's is there,
// the curve of bf16 stands in. Throws ConfigError if there is nothing to fit or `only` is no op.
std::vector<Curve> calibrate(platform::Accelerator& gpu, const model::MeasuredTable& table,
                             const std::string& only = "");

Residuals residuals_of(const platform::Accelerator& gpu, const std::vector<Observation>& rows, Op op,
                       const std::string& dtype, bool fitted_half);

}  // namespace agentsim::calibration
