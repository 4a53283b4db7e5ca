#include "sim/workload/plan_graph.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "sim/base/contract.hpp"
#include "sim/workload/plan_builder.hpp"

namespace agentsim::workload {
namespace {

// A root of three calls with gaps of 0, 2 and 3 s; a child of one call begins 1 s after call 0 and is joined
// by call 2.
SessionPlan family() {
  SessionPlan plan;
  plan.agents.resize(2);
  plan.agents[0].call_count = 3;
  plan.agents[1].first_call = 3;
  plan.agents[1].call_count = 1;
  plan.agents[1].parent = 0;
  plan.agents[1].spawn_delay_s = 1.0;
  plan.agents[1].join_call = 2;
  for (uint32_t i = 0; i < 4; ++i) {
    add_call(plan).output_stream = 9;
    extend(plan, {1, 0, 10 + i});
  }
  plan.calls[1].gap_s = 2.0;
  plan.calls[2].gap_s = 3.0;
  return plan;
}

double path_s(const SessionPlan& plan, double child_call_s) {
  return critical_path_s(
      plan, [&](const SessionPlan& p, const Call& c) { return &c == &p.calls[3] ? child_call_s : 10.0; });
}

TEST_CASE("the critical path follows whichever branch is longer") {
  // Root alone: 10 + 2 + 10 + 3 + 10. With the child: 10 + 1 + x + 3 + 10.
  CHECK(path_s(family(), 5.0) == 35.0);
  CHECK(path_s(family(), 50.0) == 74.0);
}

TEST_CASE("a child that nobody joins still belongs to the session") {
  SessionPlan plan = family();
  plan.agents[1].join_call = -1;
  CHECK(path_s(plan, 5.0) == 35.0);
  CHECK(path_s(plan, 50.0) == 61.0);
}

// Root of two calls, which spawns after the first and joins with the second, and three children of 5, 20 and
// 50 s.
SessionPlan race(uint32_t needed) {
  SessionPlan plan;
  plan.agents.resize(4);
  plan.agents[0].call_count = 2;
  for (uint32_t i = 0; i < 5; ++i) {
    add_call(plan).output_stream = 9;
    extend(plan, {1, 0, 10 + i});
  }
  for (uint32_t i = 1; i < 4; ++i) {
    plan.agents[i].first_call = i + 1;
    plan.agents[i].call_count = 1;
    plan.agents[i].parent = 0;
    plan.agents[i].join_call = 1;
    plan.agents[i].join_group = 0;
  }
  plan.join_groups = {{needed}};
  return plan;
}

double race_s(const SessionPlan& plan) {
  return critical_path_s(plan, [&](const SessionPlan& p, const Call& c) {
    const double times_s[] = {10.0, 10.0, 5.0, 20.0, 50.0};
    return times_s[&c - p.calls.data()];
  });
}

TEST_CASE("a join group waits for as many as it needs, and the others are cancelled") {
  CHECK(race_s(race(1)) == 10.0 + 5.0 + 10.0);
  CHECK(race_s(race(2)) == 10.0 + 20.0 + 10.0);
  CHECK(race_s(race(3)) == 10.0 + 50.0 + 10.0);
}

TEST_CASE("a message holds up its reader until it is sent") {
  // The child of 5 s waits for the one of 20 s.
  SessionPlan plan = race(1);
  plan.messages = {{3, 2}};
  CHECK_NOTHROW(validate(plan));
  CHECK(race_s(plan) == 10.0 + 20.0 + 10.0);
  plan.messages = {{3, 2}, {2, 3}};
  CHECK_THROWS_WITH_AS(validate(plan), "session 0: its calls wait for each other in a circle",
                       ContractViolation);
}

TEST_CASE("an agent ends at its first call to end past its budget") {
  // Root alone: 10 + 2 + 10 + 3 + 10; the child takes 5. The second call ends at 22 s.
  SessionPlan plan = family();
  plan.agents[0].budget_s = 22.0;
  CHECK(path_s(plan, 5.0) == 22.0);
  plan.agents[0].budget_s = 22.5;
  CHECK(path_s(plan, 5.0) == 35.0);
}

TEST_CASE("tools run one after the other or together") {
  SessionPlan plan = family();
  Call& call = plan.calls[1];
  call.gap = Gap::tool;
  call.tool_count = 3;
  plan.tools = {{0, -1, false, 1.0}, {0, -1, true, 4.0}, {0, -1, false, 8.0}};
  CHECK_NOTHROW(validate(plan));
  CHECK(gap_s(plan, call) == 2.0 + 4.0 + 8.0);
}

TEST_CASE("a valid plan passes, and each broken promise is named") {
  CHECK_NOTHROW(validate(family()));
  const auto broken = [](const std::function<void(SessionPlan&)>& change) {
    SessionPlan plan = family();
    change(plan);
    try {
      validate(plan);
      return std::string();
    } catch (const ContractViolation& violation) {
      return std::string(violation.what());
    }
  };
  CHECK(broken([](auto& p) { p.agents.clear(); }) == "session 0: it has no agent");
  CHECK(broken([](auto& p) { p.calls[1].prompt_tokens = 99; }) ==
        "session 0: call 1 has 99 prompt tokens, but its slices have 11");
  CHECK(broken([](auto& p) { p.calls[1].gap_s = -1.0; }) == "session 0: call 1 has the gap -1 s");
  CHECK(broken([](auto& p) { p.calls[1].output_tokens = 0; }) ==
        "session 0: call 1 has 11 prompt and 0 output tokens");
  CHECK(broken([](auto& p) { p.agents[1].parent = 1; }) == "session 0: agent 1 has the later parent 1");
  CHECK(broken([](auto& p) { p.agents[1].spawn_call = 3; }) ==
        "session 0: agent 1 is spawned by call 3 of 3");
  CHECK(broken([](auto& p) { p.agents[1].join_call = 0; }) ==
        "session 0: agent 1 is spawned by call 0 and joined by call 0 of 3");
  CHECK(broken([](auto& p) { p.agents[0].call_count = 2; }) ==
        "session 0: agent 1 begins at call 3, but call 2 is due");
  CHECK(broken([](auto& p) { p.calls[1].reasoning_tokens = 2; }) ==
        "session 0: call 1 has 1 output tokens, 2 of them reasoning");
  CHECK(broken([](auto& p) { p.calls[1].tool_count = 1; }) == "session 0: call 1 goes past the last tool 0");
  CHECK(broken([](auto& p) { p.agents[1].join_group = 0; }) ==
        "session 0: an agent is of the join group 0 of 0");
  CHECK(broken([](auto& p) {
          p.agents[1].join_group = 0;
          p.join_groups = {{2}};
        }) == "session 0: the join group 0 needs 2 of 1 agents");
  CHECK(broken([](auto& p) { p.messages = {{0, 9}}; }) == "session 0: a message from call 0 to call 9 of 4");
  CHECK(broken([](auto& p) { p.agents.pop_back(); }) ==
        "session 0: 3 calls belong to agents, but there are 4");
}

}  // namespace
}  // namespace agentsim::workload
