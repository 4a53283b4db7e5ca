#pragma once

#include <cstdint>
#include <vector>

#include "analysis/sweep/sweep_spec.hpp"

namespace agentsim::sweep {

// The settings of a sweep: a level of each axis.
struct Design {
  std::vector<std::vector<Level>> pools;    // by axis
  std::vector<std::vector<uint32_t>> rows;  // of each setting: by axis, a place in its pool

  const Level& level(size_t row, size_t axis) const { return pools[axis][rows[row][axis]]; }
};

// Grid: every combination, the last axis fastest. Latin hypercube: `points` samples; each group of axes is
// cut into as many slices, and each slice holds one sample (McKay, Beckman and Conover 1979). Filters that
// name no platform are left to the plan with the others.
Design draw(const SweepSpec& spec);

}  // namespace agentsim::sweep
