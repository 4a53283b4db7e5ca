#pragma once

#include <string>
#include <vector>

#include "sim/platform/topology.hpp"

namespace agentsim::topology {

// One class of paths between the GPUs of a node: what the graph gives one pair, and what was measured on such machines.
struct PathSummary {
  platform::PathClass path_class = platform::PathClass::none;
  int pairs = 0;     // of GPUs, each counted once
  std::string from;  // the pair the figures are of, the first of its class
  std::string to;
  double bytes_per_s = 0.0;                         // one way
  double both_ways_bytes_per_s = 0.0;               // both directions at once, together
  double latency_s = 0.0;                           // one way
  const platform::PathFigures* measured = nullptr;  // of the topology's node; null: not measured
};

// Nearest class first.
std::vector<PathSummary> path_summaries(const platform::NodeTopology& topology);

// What a class is, as `nvidia-smi topo -m` explains it.
const char* meaning(platform::PathClass path_class);

}  // namespace agentsim::topology
