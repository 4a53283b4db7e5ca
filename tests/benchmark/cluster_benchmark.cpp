#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "sim/network/traffic.hpp"
#include "sim/platform/cluster.hpp"

namespace agentsim::platform {
namespace {

Cluster cluster_of(int64_t nodes) {
  const std::string text =
      "{name: c, node: hgx_h100, count: " + std::to_string(nodes) +
      ", fabric: {kind: leaf_spine, link_bandwidth: 400 Gbps, nodes_per_leaf: 16, oversubscription: 2}}";
  return load_cluster(config::Value::parse(text, "benchmark"));
}

// From the files to the links a network is built of.
void build(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    const Cluster cluster = cluster_of(state.range(0));
    std::vector<network::LinkSpec> links;
    for (int link = 0; link < cluster.link_count(); ++link)
      links.push_back({cluster.link_name(link), cluster.link_bytes_per_s(link)});
    benchmark::DoNotOptimize(links.data());
  }
}
BENCHMARK(build)->Arg(2)->Arg(128)->Arg(1280)->Unit(benchmark::kMillisecond);

// Time of one look-up must not depend on the number of nodes.
void route(benchmark::State& state) {
  const Cluster cluster = cluster_of(state.range(0));
  const int gpus = cluster.gpu_count();
  int target = 0;
  for ([[maybe_unused]] auto _ : state) {
    target = (target + 4099) % gpus;
    benchmark::DoNotOptimize(cluster.gpu_route(0, target).bytes_per_s);
  }
}
BENCHMARK(route)->Arg(17)->Arg(128)->Arg(1280);

}  // namespace
}  // namespace agentsim::platform

BENCHMARK_MAIN();
