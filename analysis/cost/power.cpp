#include "analysis/cost/power.hpp"

#include <algorithm>

namespace agentsim::cost {
namespace {

constexpr double kCommunicating = 0.5;  // of the way from idle to TDP; estimated

}  // namespace

double gpu_power_w(const platform::Cluster& cluster, const ClusterUse& use) {
  const double load = use.busy_share * (1.0 - kCommunicating * use.fabric_share);
  double watts = 0.0;
  for (int group = 0; group < cluster.groups(); ++group) {
    const platform::Accelerator& gpu = cluster.node(group).gpu;
    const int gpus = cluster.nodes_in(group) * cluster.gpus_per_node(group);
    const int used = std::clamp(use.gpus_used - cluster.first_gpu(group), 0, gpus);
    watts += gpus * gpu.idle_w + used * (gpu.tdp_w - gpu.idle_w) * load;
  }
  return watts;
}

double mean_power_w(const platform::Cluster& cluster, const ClusterUse& use, double node_overhead_w) {
  return gpu_power_w(cluster, use) + cluster.nodes() * node_overhead_w;
}

}  // namespace agentsim::cost
