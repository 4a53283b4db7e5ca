#pragma once

#include <functional>
#include <string>

#include "sim/platform/accelerator.hpp"

namespace agentsim::steps {

// Where the time of a kernel comes from. `launch_s` would be left on a GPU without limits of rate and bandwidth;
// compute_s and memory_s are what either limit alone adds to it. The kernel overlaps them, so that its time is less than
// the sum of the three and no less than launch plus the larger one.
struct Bounds {
  double seconds = 0.0;
  double launch_s = 0.0;
  double compute_s = 0.0;
  double memory_s = 0.0;

  // What binds: "compute", "memory" or "launch", whichever is most.
  std::string binds() const;
  Bounds& operator+=(const Bounds& other);
  Bounds times(double count) const;
};

// A GPU and what it would be without a limit.
struct Unbound {
  explicit Unbound(const platform::Accelerator& gpu);

  platform::Accelerator as_it_is;
  platform::Accelerator without_memory_limit;
  platform::Accelerator without_compute_limit;
  platform::Accelerator without_limits;
};

Bounds bounds(const Unbound& gpu, const std::function<double(const platform::Accelerator&)>& seconds);

}  // namespace agentsim::steps
