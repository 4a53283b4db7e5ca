#include "analysis/cost/power.hpp"

namespace agentsim::cost {
namespace {

constexpr double kCommunicating = 0.5;  // of the way from idle to TDP; estimated

}  // namespace

double gpu_power_w(const platform::Cluster& cluster, const ClusterUse& use) {
  const platform::Accelerator& gpu = cluster.node().gpu;
  const double load = use.busy_share * (1.0 - kCommunicating * use.fabric_share);
  return cluster.gpu_count() * gpu.idle_w + use.gpus_used * (gpu.tdp_w - gpu.idle_w) * load;
}

double mean_power_w(const platform::Cluster& cluster, const ClusterUse& use, double node_overhead_w) {
  return gpu_power_w(cluster, use) + cluster.nodes() * node_overhead_w;
}

}  // namespace agentsim::cost
