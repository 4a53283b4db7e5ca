#include "sim/workload/plan_json.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "sim/workload/plan_builder.hpp"
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
  std::string line = plan_line(plan, workload.names());
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

TEST_CASE("what a plan does not need is left out of its line, and what it needs is there by name") {
  // Given a boss whose second call runs two tools at once, joins one of two agents, and whose third call
  // reads what the second agent wrote.
  SessionPlan plan;
  plan.name = "s";
  plan.agents.resize(3);
  plan.agents[0].call_count = 3;
  for (uint32_t a : {1U, 2U}) {
    Agent& agent = plan.agents[a];
    agent.first_call = a + 2;
    agent.call_count = 1;
    agent.role = 1;
    agent.deployment = 0;
    agent.parent = 0;
    agent.join_call = 1;
    agent.join_group = 0;
    agent.budget_s = 60.0;
  }
  plan.join_groups = {{1}};
  for (uint32_t i = 0; i < 5; ++i) {
    add_call(plan).output_stream = 1;
    extend(plan, {1, 0, 10});
  }
  plan.calls[1].gap = Gap::tool;
  plan.calls[1].tool_count = 2;
  plan.tools = {{1, -1, false, 0.25}, {0, 0, true, 2.0}};
  plan.calls[2].purpose = Purpose::failed;
  plan.calls[2].reasoning_tokens = 1;
  plan.messages = {{4, 2}};
  std::string line = plan_line(plan, {{"boss", "help"}, {"search", "read"}, {"api"}, {"small"}});
  const std::string call =
      R"("gap":"none","gap_s":0.0,"prompt_tokens":10,"output_tokens":1,"prompt":[[0,0,10]],"output":[0,0]})";
  const std::string help =
      R"({"role":"help","deployment":"small","parent":0,"spawn_call":0,"spawn_delay_s":0.0,"join_call":1,)"
      R"("join_group":0,"budget_s":60.0,"calls":[{)" +
      call + "]}";
  CHECK(
      line ==
      R"({"session":0,"name":"s","recorded_arrival_s":null,"streams":["0000000000000001"],"needed":[1],"agents":[)"
      R"({"role":"boss","calls":[{)" +
          call +
          R"(,{"gap":"tool","gap_s":0.0,"tools":[{"name":"read","service_s":0.25},)"
          R"({"name":"search","service_s":2.0,"resource":"api","parallel":true}],"prompt_tokens":10,)"
          R"("output_tokens":1,"prompt":[[0,0,10]],"output":[0,0]},)"
          R"({"purpose":"failed","gap":"none","gap_s":0.0,"messages":[[2,0]],"prompt_tokens":10,)"
          R"("output_tokens":1,"reasoning_tokens":1,"prompt":[[0,0,10]],"output":[0,0]}]},)" +
          help + "," + help + "]}");
}

}  // namespace
}  // namespace agentsim::workload
