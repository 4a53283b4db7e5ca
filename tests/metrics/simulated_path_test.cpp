#include <doctest/doctest.h>

#include <cmath>

#include "sim/metrics/recorder.hpp"
#include "sim/metrics/slo.hpp"
#include "sim/simulation.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::metrics {
namespace {

TEST_CASE("I8 the parts of every simulated session and call add up to its latency") {
  // Given sessions with tools and people and sub-agents, more of them than the replica can hold at once.
  const TestFolder folder;
  const std::string file =
      folder.write("s.yaml",
                   "workload: {source: roles, sessions: 12, roles: {file: coding_agent, root: engineer},\n"
                   "  arrival: {kind: closed, concurrency: 6}}\n"
                   "deployment: {model: llama_3_1_8b, tp: 2, replicas: 1, kv_blocks: 14000}\n"
                   "platforms: [rtx_pro_6000_pcie_x1]\n");
  const Scenario scenario = load_scenario(file);
  Recorder recorder;
  simulate(scenario, scenario.platforms.front(), 3, recorder);
  recorder.sort();
  REQUIRE(recorder.sessions().size() == 12);
  serving::TimeSplit seen;
  for (const serving::SessionRecord& session : recorder.sessions()) {
    CHECK(std::abs(session.path.sum() - latency_s(session)) <= 1e-9 * std::max(1.0, latency_s(session)));
    seen += session.path;
  }
  for (const serving::CallRecord& call : recorder.calls())
    CHECK(std::abs(call.split.sum() - e2e_s(call)) <= 1e-9 * std::max(1.0, e2e_s(call)));
  // The parts that this load must have.
  for (const double part :
       {seen.network_s, seen.prefill_s, seen.decode_s, seen.fabric_s, seen.tool_s, seen.human_s})
    CHECK(part > 0.0);
}

}  // namespace
}  // namespace agentsim::metrics
