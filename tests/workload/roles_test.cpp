#include <doctest/doctest.h>

#include "sim/workload/plan_graph.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

std::string sessions_of(const std::string& roles, const std::string& root, int sessions = 1) {
  return "sessions: " + std::to_string(sessions) + "\nsource: roles\nroles: {file: {roles: {" + roles +
         "}}, root: " + root + "}\narrival: {kind: closed, concurrency: 1}\n";
}

TEST_CASE("an agent's prompts are its role's prefix and one growing stream that holds its outputs") {
  // Given 2 turns of 2 steps: first prompt 50, outputs 10, tool results 7, a person's message 3.
  const Workload workload =
      make_workload(sessions_of("a: {prefix: 100, first_prompt: 50, turns: 2, steps_per_turn: 2, new_tokens: "
                                "7, human_tokens: 3, output: 10, "
                                "tool: 4 s, think: 1 min}",
                                "a", 2));
  const SessionPlan plan = workload.plan(0);
  REQUIRE(plan.calls.size() == 4);
  const uint32_t prompts[] = {150, 167, 180, 197};
  const Gap gaps[] = {Gap::none, Gap::tool, Gap::human, Gap::tool};
  const double gaps_s[] = {0.0, 4.0, 60.0, 4.0};
  for (size_t i = 0; i < 4; ++i) {
    const Call& call = plan.calls[i];
    CHECK(call.prompt_tokens == prompts[i]);
    CHECK(call.gap == gaps[i]);
    CHECK(call.gap_s == gaps_s[i]);
    CHECK(call.output_begin == prompts[i] - 100);
    CHECK(call.output_stream == plan.slices[1].stream);
  }
  // Then another session shares the prefix and nothing else.
  CHECK(workload.plan(1).slices[0].stream == plan.slices[0].stream);
  CHECK(workload.plan(1).slices[1].stream != plan.slices[1].stream);
}

TEST_CASE("spawned agents are waited for, and what they return is in the parent's context") {
  const SessionPlan plan =
      make_workload(
          sessions_of("boss: {first_prompt: 50, steps_per_turn: 2, new_tokens: 7, output: 10, tool: 4 s, "
                      "spawn: [{role: help, probability: 1, count: 3}]}, "
                      "help: {first_prompt: 20, new_tokens: 1, output: 5, returns: 9}",
                      "boss"))
          .plan(0);
  validate(plan);
  REQUIRE(plan.agents.size() == 4);
  for (size_t i = 1; i < 4; ++i) {
    CHECK(plan.agents[i].parent == 0);
    CHECK(plan.agents[i].spawn_call == 0);
    CHECK(plan.agents[i].join_call == 1);
  }
  CHECK(plan.calls[1].prompt_tokens == 50 + 10 + 7 + 3 * 9);
  CHECK(plan.calls[1].gap == Gap::tool);
  CHECK(plan.calls[1].gap_s == 0.0);  // the agents are the tool
}

TEST_CASE("detached agents hold nobody up and return nothing") {
  const SessionPlan plan =
      make_workload(
          sessions_of("boss: {first_prompt: 50, steps_per_turn: 2, new_tokens: 7, output: 10, tool: 4 s, "
                      "spawn: [{role: help, probability: 1, join: none}]}, "
                      "help: {first_prompt: 20, new_tokens: 1, output: 5, returns: 9}",
                      "boss"))
          .plan(0);
  CHECK(plan.agents.at(1).join_call == -1);
  CHECK(plan.calls[1].prompt_tokens == 67);
  CHECK(plan.calls[1].gap_s == 4.0);
}

TEST_CASE("a role that spawns itself stops at its depth") {
  // Given 2 steps each, every first step spawns 2 down to level 3: 1 + 2 + 4 + 8 agents.
  const SessionPlan plan =
      make_workload(sessions_of("a: {first_prompt: 5, steps_per_turn: 2, new_tokens: 1, output: 1, "
                                "spawn: [{role: a, probability: 1, count: 2, depth: 3}]}",
                                "a"))
          .plan(0);
  validate(plan);
  CHECK(plan.agents.size() == 15);
}

TEST_CASE("a context at its limit is compacted to a new stream behind the same prefix") {
  // Given a limit of 100 and 40 tokens more each call: 30+10, 70+10, then 110 is too many.
  const SessionPlan plan =
      make_workload(
          sessions_of("a: {prefix: 20, first_prompt: 10, steps_per_turn: 3, new_tokens: 30, output: 10, "
                      "context_limit: 100, compact_to: 15}",
                      "a"))
          .plan(0);
  CHECK(plan.calls[0].prompt_tokens == 30);
  CHECK(plan.calls[1].prompt_tokens == 70);
  CHECK(plan.calls[2].prompt_tokens == 35);
  CHECK(plan.calls[2].output_stream != plan.calls[1].output_stream);
  CHECK(plan.slices[plan.calls[2].first_slice].stream == plan.slices[0].stream);
}

TEST_CASE("the coding agent has the calls and the prefix hits that were measured") {
  const Workload workload = make_workload(
      "sessions: 1000\nsource: roles\nroles: {file: coding_agent, root: engineer}\n"
      "arrival: {kind: closed, concurrency: 1}\n");
  double root_calls = 0, prompt = 0, hits = 0;
  for (size_t i = 0; i < workload.sessions(); ++i) {
    const SessionPlan plan = workload.plan(i);
    root_calls += plan.agents[0].call_count;
    for (const Call& call : plan.calls) {
      prompt += call.prompt_tokens;
      CHECK(call.prompt_tokens + call.output_tokens <= 160'000);
    }
    hits += static_cast<double>(hit_tokens(plan));
  }
  CHECK(root_calls / 1000.0 == doctest::Approx(68.5).epsilon(0.15));  // 710 recorded sessions
  CHECK(hits / prompt == doctest::Approx(0.964).epsilon(0.01));
}

TEST_CASE("mistakes in roles are told with their place") {
  CHECK(errors_of("sessions: 1\nsource: roles\nroles:\n  root: a\n  file:\n    roles:\n      a:\n"
                  "        {first_prompt: 5, output: 1, new_tokens: 1, spawn: [{role: b, probability: 2}]}\n"
                  "arrival: {kind: closed, concurrency: 1}\n") ==
        "w.yaml:8:68: unknown role 'b'\n"
        "    8 |         {first_prompt: 5, output: 1, new_tokens: 1, spawn: [{role: b, probability: 2}]}\n"
        "      |                                                                    ^ did you mean 'a'?\n"
        "  valid: a\n"
        "w.yaml:8:84: 'probability' must be between 0 and 1, not 2\n"
        "    8 |         {first_prompt: 5, output: 1, new_tokens: 1, spawn: [{role: b, probability: 2}]}\n"
        "      |                                                                                    ^");
  CHECK(errors_of(sessions_of("engineer: {first_prompt: 5, output: 1, new_tokens: 1}", "enginer")) ==
        "unknown root role 'enginer', did you mean 'engineer'?\n  valid: engineer");
  CHECK(
      errors_of(sessions_of("a: {prefix: 80, first_prompt: 5, output: 1, new_tokens: 1, context_limit: 100, "
                            "compact_to: 20}",
                            "a")) ==
      "w.yaml:3:24: 'context_limit' must exceed 'prefix' + 'compact_to' = 100\n"
      "    3 | roles: {file: {roles: {a: {prefix: 80, first_prompt: 5, output: 1, new_tokens: 1, "
      "context_limit: "
      "100, compact_to: 20}}}, root: a}\n"
      "      |                        ^");
}

TEST_CASE("a role that never ends is the user's mistake, not a full memory") {
  const Workload workload = make_workload(
      sessions_of("a: {first_prompt: 5, steps_per_turn: 1000000, new_tokens: 1, output: 1}", "a"));
  CHECK_THROWS_WITH_AS(workload.plan(0),
                       "session 0 has more than 100000 calls: the role 'a' takes too many steps",
                       ConfigError);
}

}  // namespace
}  // namespace agentsim::workload
