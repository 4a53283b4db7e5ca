#pragma once

#include "sim/platform/topology.hpp"

namespace agentsim::topology {

// Bytes/s from the first half of a node's GPUs to the second, in the order of the file, when all send at
// once: the maximum flow over the links that their routes use. Fixed routes reach at most this. 0 for a
// single GPU.
double bisection_bytes_per_s(const platform::NodeTopology& topology);

}  // namespace agentsim::topology
