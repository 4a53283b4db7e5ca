#include "sim/workload/plan_json.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

TEST_CASE("a plan is written as one line with keys in a fixed order and times to the microsecond") {
  const Workload workload = make_workload(
      "sessions: 1\nsource: roles\nroles: {file: {roles: {boss: {prefix: 100, first_prompt: 50, "
      "steps_per_turn: 2, "
      "new_tokens: 7, output: 10, spawn: [{role: help, probability: 1}]}, help: {first_prompt: 20, "
      "new_tokens: 1, "
      "output: 5}}}, root: boss}\narrival: {kind: closed, concurrency: 1}\n");
  SessionPlan plan = workload.plan(0);
  plan.agents[1].spawn_delay_s = 1.23456789;
  std::string line = plan_line(plan, workload.roles());
  for (const uint64_t stream : {plan.slices[0].stream, plan.slices[1].stream, plan.slices.back().stream})
    line.replace(line.find(fmt::format("{:016x}", stream)), 16, "#");
  CHECK(line == R"({"session":0,"name":"0","recorded_arrival_s":null,"streams":["#","#","#"],"agents":[)"
                R"({"role":"boss","calls":[{"gap":"none","gap_s":0.0,"prompt_tokens":150,"output_tokens":10,)"
                R"("prompt":[[0,0,100],[1,0,50]],"output":[1,50]},)"
                R"({"gap":"tool","gap_s":0.0,"prompt_tokens":167,"output_tokens":10,)"
                R"("prompt":[[0,0,100],[1,0,67]],"output":[1,67]}]},)"
                R"({"role":"help","parent":0,"spawn_call":0,"spawn_delay_s":1.234568,"join_call":1,)"
                R"("calls":[{"gap":"none","gap_s":0.0,"prompt_tokens":20,"output_tokens":5,)"
                R"("prompt":[[2,0,20]],"output":[2,20]}]}]})");
}

}  // namespace
}  // namespace agentsim::workload
