#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "sim/base/random_stream.hpp"

namespace agentsim::workload {

// Independent sessions at a rate that changes: a Poisson process of rate 1 on the axis of expected sessions,
// brought back to time. `date_s` is the date by which so many sessions are expected.
template <class Date>
std::vector<double> poisson_times_s(size_t sessions, uint64_t seed, Date date_s) {
  RandomStream random(seed, "arrival");
  std::vector<double> times(sessions);
  double expected = 0.0;
  for (double& time : times) {
    expected += -std::log1p(-random.uniform());
    time = date_s(expected);
  }
  return times;
}

}  // namespace agentsim::workload
