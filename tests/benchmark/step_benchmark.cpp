#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "sim/config/library.hpp"
#include "sim/model/step_time.hpp"
#include "sim/platform/cluster.hpp"

namespace agentsim::model {
namespace {

// A replica of a shipped model on eight H100; memory is not looked at.
struct Replica {
  explicit Replica(const std::string& name)
      : cluster(platform::load_cluster(config::Value::parse("hgx_h100_x1", "benchmark"))),
        deployment(deploy(name)),
        links(cluster, deployment, 0),
        time(deployment, cluster.node().gpu, links) {}
  static Deployment deploy(const std::string& name) {
    Deployment d;
    Diagnostics diagnostics;
    load_deployment(config::Value::parse("{model: " + name + "}", "benchmark"), {d.router}, {d.scheduler}, d,
                    diagnostics);
    diagnostics.throw_if_any();
    return d;
  }

  platform::Cluster cluster;
  Deployment deployment;
  ReplicaLinks links;
  StepTime time;
};

// The time of a decode step as a run asks for it: by the sequences, at a context.
void decode_step(benchmark::State& state, const std::string& name) {
  const Replica replica(name);
  for (int64_t n = 1; n <= 256; ++n) replica.time.decode_cost(n);
  int64_t sequences = 0;
  for ([[maybe_unused]] auto _ : state) {
    sequences = sequences % 256 + 1;
    const StepCost& cost = replica.time.decode_cost(sequences);
    const double context = 4000.0 * static_cast<double>(sequences);
    benchmark::DoNotOptimize(cost.compute_s(context, 128.0) + cost.lanes.seconds(replica.links.rates()));
  }
}

const bool registered = [] {
  for (const std::string& name : config::Library::names("scenarios/models")) {
    benchmark::RegisterBenchmark(("decode_step/" + name).c_str(),
                                 [name](benchmark::State& s) { decode_step(s, name); });
  }
  return true;
}();

}  // namespace
}  // namespace agentsim::model
