#pragma once

#include "sim/platform/cluster.hpp"

namespace agentsim::cost {

// How busy a cluster was.
struct ClusterUse {
  int gpus_used = 0;          // by replicas; the others idle
  double busy_share = 0.0;    // of the time of the replicas, in steps
  double fabric_share = 0.0;  // of the busy time, exposed communication
};

// Mean power of the GPUs, W: each draws idle + (TDP - idle) x f, f = busy_share (1 - fabric_share / 2).
//
// An estimate, not a measurement: a step that computes or reads memory counts as TDP, exposed communication
// as half of the way there. Prefill comes near TDP and decode stays below it (Patel et al., "Characterizing
// Power Management Opportunities for LLMs in the Cloud", ASPLOS 2024), so this is more than a decoding
// cluster draws.
double gpu_power_w(const platform::Cluster& cluster, const ClusterUse& use);

// The same of the whole machines; `node_overhead_w` is what a node draws beside its GPUs.
double mean_power_w(const platform::Cluster& cluster, const ClusterUse& use, double node_overhead_w);

}  // namespace agentsim::cost
