#pragma once

#include <vector>

#include "sim/platform/cluster.hpp"

namespace agentsim::model {

// The GPUs in the order of a ring that crosses each slow boundary as few times as possible: nodes, then
// sockets, then switches, then pairs joined by NVLink. From the first GPU always to the nearest one left,
// nearness being the class of the path, then its hops, then the number of the GPU; then pieces of the ring
// are turned round as long as that helps.
std::vector<int> ring_order(const platform::Cluster& cluster, std::vector<int> gpus);

}  // namespace agentsim::model
