#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include "sim/workload/workload.hpp"

namespace agentsim::workload {
namespace {

double peak_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

// Plans of the coding preset, drawn one after the other and dropped: memory must not grow with their number.
void draw_plans(benchmark::State& state) {
  WorkloadSpec spec;
  Diagnostics diagnostics;
  config::read_map(config::Value::parse("sessions: 100000\nsource: roles\n"
                                        "roles: {file: coding_agent, root: engineer}\n"
                                        "arrival: {kind: closed, concurrency: 1}\n",
                                        "benchmark"),
                   "the workload", spec, diagnostics);
  diagnostics.throw_if_any();
  const Workload workload(spec, 1);
  for (size_t i = 0; i < 1000; ++i) benchmark::DoNotOptimize(workload.plan(i).calls.size());
  const double before_mib = peak_mib();
  uint64_t calls = 0;
  for ([[maybe_unused]] auto _ : state)
    for (size_t i = 0; i < workload.sessions(); ++i) calls += workload.plan(i).calls.size();
  state.counters["calls"] = static_cast<double>(calls) / static_cast<double>(state.iterations());
  state.counters["calls/s"] = benchmark::Counter(static_cast<double>(calls), benchmark::Counter::kIsRate);
  state.counters["grown_MiB"] = peak_mib() - before_mib;
}
BENCHMARK(draw_plans)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace agentsim::workload
