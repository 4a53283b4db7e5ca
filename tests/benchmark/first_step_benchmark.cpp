#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "sim/config/library.hpp"
#include "sim/model/step_time.hpp"
#include "sim/platform/cluster.hpp"

// The first time that a batch is asked for, by model and layout on eight H100; memory is not looked at.
namespace agentsim::model {
namespace {

constexpr int64_t kSequences = 256;

const platform::Cluster& hgx() {
  static const platform::Cluster cluster =
      platform::load_cluster(config::Value::parse("hgx_h100_x1", "benchmark"));
  return cluster;
}

Deployment deploy(const std::string& model, const std::string& layout) {
  Deployment d;
  Diagnostics diagnostics;
  load_deployment(config::Value::parse("{model: " + model + layout + "}", "benchmark"), {d.router},
                  {d.scheduler}, d, diagnostics);
  diagnostics.throw_if_any();
  return d;
}

double nanoseconds_of(const StepTime& time, int64_t sequences) {
  const auto before = std::chrono::steady_clock::now();
  benchmark::DoNotOptimize(time.decode_cost(sequences));
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - before).count();
}

// Decode steps of 1 to 256 sequences, each asked of a step time that has not seen it: the time of an iteration is the mean
// of one evaluation, `worst` that of the slowest batch size, in ns. Of each size the fastest of all iterations counts.
void first_decode_step(benchmark::State& state, const std::string& model, const std::string& layout) {
  const Deployment d = deploy(model, layout);
  const ReplicaLinks links(hgx(), d, 0);
  std::vector<double> best(kSequences, std::numeric_limits<double>::infinity());
  for ([[maybe_unused]] auto _ : state) {
    const StepTime time(d, hgx().node().gpu, links);
    time.decode_cost(0);
    double sum = 0.0;
    for (int64_t n = 1; n <= kSequences; ++n) {
      const double ns = nanoseconds_of(time, n);
      double& known = best[static_cast<size_t>(n - 1)];
      known = std::min(known, ns);
      sum += ns;
    }
    state.SetIterationTime(sum * 1e-9 / kSequences);
  }
  state.counters["mean"] = std::accumulate(best.begin(), best.end(), 0.0) / kSequences;
  state.counters["worst"] = *std::max_element(best.begin(), best.end());
}

// A step with one chunk of a prompt and 63 decoding sequences, no two of the same number of tokens.
void first_mixed_step(benchmark::State& state, const std::string& model) {
  const Deployment d = deploy(model, "");
  const ReplicaLinks links(hgx(), d, 0);
  Batch batch;
  batch.decoding = 63;
  batch.contexts.assign(63, 5000.0);
  batch.finished_prompts = 1;
  batch.chunks = {{1.0, 3000.0}};
  auto time = std::make_unique<StepTime>(d, hgx().node().gpu, links);
  for ([[maybe_unused]] auto _ : state) {
    if (++batch.chunks.front().tokens > 8000.0) {
      state.PauseTiming();
      time = std::make_unique<StepTime>(d, hgx().node().gpu, links);
      batch.chunks.front().tokens = 1.0;
      state.ResumeTiming();
    }
    benchmark::DoNotOptimize(time->cost(batch));
  }
}

const bool registered = [] {
  const std::vector<std::string> layouts{"", ", tp: 8", ", tp: 8, ep: 8, dp_attention: 8", ", tp: 2, pp: 4"};
  for (const std::string& model : config::Library::names("scenarios/models")) {
    for (const std::string& layout : layouts) {
      if (!layout_mistakes(deploy(model, layout)).empty()) continue;
      benchmark::RegisterBenchmark(("first_decode_step/" + model + layout).c_str(),
                                   [=](benchmark::State& s) { first_decode_step(s, model, layout); })
          ->UseManualTime()
          ->Iterations(50);
    }
    benchmark::RegisterBenchmark(("first_mixed_step/" + model).c_str(), [=](benchmark::State& s) {
      first_mixed_step(s, model);
    })->MinTime(0.05);
  }
  return true;
}();

}  // namespace
}  // namespace agentsim::model
