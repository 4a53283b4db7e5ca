#include <doctest/doctest.h>

#include <set>

#include "sim/workload/plan_graph.hpp"
#include "tests/workload/role_sessions.hpp"

namespace agentsim::workload {
namespace {

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

TEST_CASE("an agent with a number of calls takes as many turns as they fill") {
  const SessionPlan plan = make_workload(sessions_of("a: {first_prompt: 5, calls: 5, steps_per_turn: 2, "
                                                     "new_tokens: 1, output: 1, tool: 1 s, think: 9 s}",
                                                     "a"))
                               .plan(0);
  REQUIRE(plan.calls.size() == 5);
  const Gap gaps[] = {Gap::none, Gap::tool, Gap::human, Gap::tool, Gap::human};
  for (size_t i = 0; i < 5; ++i) CHECK(plan.calls[i].gap == gaps[i]);
}

TEST_CASE("an agent multiplies its draws by its factors") {
  const SessionPlan plan =
      make_workload(
          sessions_of("a: {first_prompt: 5, turns: 2, steps_per_turn: 1, new_tokens: 10, "
                      "human_tokens: 4, output: 7, tool: 1 s, think: 9 s, "
                      "factors: {steps_per_turn: 2, new_tokens: 3, output: 2, tool: 5, think: 0.5}}",
                      "a"))
          .plan(0);
  REQUIRE(plan.calls.size() == 4);
  const uint32_t prompts[] = {5, 5 + 14 + 30, 49 + 14 + 12, 75 + 14 + 30};
  const double gaps_s[] = {0.0, 5.0, 4.5, 5.0};
  for (size_t i = 0; i < 4; ++i) {
    CHECK(plan.calls[i].prompt_tokens == prompts[i]);
    CHECK(plan.calls[i].output_tokens == 14);
    CHECK(plan.calls[i].gap_s == gaps_s[i]);
  }
}

TEST_CASE("new tokens are more in an agent's first calls") {
  // 100 new tokens times 1 + 8 / k before call k = 1, 2, 3: 900, 500, 366.7; the output is 10 each time.
  const SessionPlan plan = make_workload(
                               "{source: roles, sessions: 1, arrival: {kind: closed, concurrency: 1}, "
                               "roles: {root: a, file: {roles: {a: {first_prompt: 1000, steps_per_turn: 4, "
                               "new_tokens: 100, output: 10, early_growth: {first: 9, decay: 1}}}}}}")
                               .plan(0);
  REQUIRE(plan.calls.size() == 4);
  CHECK(plan.calls[0].prompt_tokens == 1000);
  CHECK(plan.calls[1].prompt_tokens == 1910);
  CHECK(plan.calls[2].prompt_tokens == 2420);
  CHECK(plan.calls[3].prompt_tokens == 2797);
}

TEST_CASE("a change that restarts brings the growth of an agent's first calls again") {
  // Prompts of 100, 100 + 1 + 90, 191 + 1 + 50, 242 + 1 + 36.7 = 280; that is above 250 and falls to a tenth,
  // 28; 28 + 1 + 90, 119 + 1 + 50.
  const SessionPlan plan =
      make_workload(
          "{source: roles, sessions: 1, arrival: {kind: closed, concurrency: 1}, "
          "roles: {root: a, file: {roles: {a: {first_prompt: 100, steps_per_turn: 6, "
          "new_tokens: 10, output: 1, early_growth: {first: 9, decay: 1}, context_changes: "
          "[{above: 250, size: 0.1, restarts: on}]}}}}}")
          .plan(0);
  std::vector<uint32_t> prompts;
  for (const Call& call : plan.calls) prompts.push_back(call.prompt_tokens);
  CHECK(prompts == std::vector<uint32_t>{100, 191, 242, 28, 119, 170});
}

TEST_CASE("the length above which a context changes is drawn anew after each change") {
  // Prompts grow by 10 and fall to a tenth at lengths between 200 and 2000: those before a fall differ.
  const SessionPlan plan =
      make_workload(
          "{source: roles, sessions: 1, arrival: {kind: closed, concurrency: 1}, roles: {root: a, file: "
          "{roles: {a: {first_prompt: 100, steps_per_turn: 2000, new_tokens: 9, output: 1, context_changes: "
          "[{above: {uniform: {low: 200, high: 2000}}, size: 0.1}]}}}}}")
          .plan(0);
  std::set<uint32_t> falls;
  size_t count = 0;
  for (size_t i = 1; i < plan.calls.size(); ++i)
    if (plan.calls[i].prompt_tokens < plan.calls[i - 1].prompt_tokens) {
      const uint32_t before = plan.calls[i - 1].prompt_tokens;
      CHECK(before >= 190);
      CHECK(before <= 2000);
      falls.insert(before);
      ++count;
    }
  CHECK(count >= 8);  // 2000 calls of 10 tokens, at most 2000 tokens from fall to fall
  CHECK(falls.size() > count / 2);
}

TEST_CASE("a changed context has the size and the old front that its rule says") {
  // Given prompts of 100, 150, 200 and a change above 160 to half of them, of which 40 % stood there before.
  const SessionPlan plan = make_workload(sessions_of("a: {prefix: 20, first_prompt: 80, steps_per_turn: 3, "
                                                     "new_tokens: 40, output: 10, context_changes: "
                                                     "[{above: 160, size: 0.5, kept: 0.4}]}",
                                                     "a"))
                               .plan(0);
  CHECK(plan.calls[0].prompt_tokens == 100);
  CHECK(plan.calls[1].prompt_tokens == 150);
  REQUIRE(plan.calls[2].prompt_tokens == 100);
  REQUIRE(plan.calls[2].slice_count == 3);
  const Slice* slices = &plan.slices[plan.calls[2].first_slice];
  CHECK(slices[0].tokens() == 20);
  CHECK(slices[1].tokens() == 20);  // 0.4 x 100 less the prefix
  CHECK(slices[1].stream == plan.calls[0].output_stream);
  CHECK(slices[2].tokens() == 60);
  CHECK(slices[2].stream != slices[1].stream);
}

TEST_CASE("a change after a person's message leaves the calls after tools alone") {
  const SessionPlan plan =
      make_workload(sessions_of("a: {first_prompt: 100, turns: 2, steps_per_turn: 2, new_tokens: 10, "
                                "human_tokens: 10, output: 10, context_changes: [{after: human, size: 0.5}]}",
                                "a"))
          .plan(0);
  const uint32_t prompts[] = {100, 120, 70, 90};
  for (size_t i = 0; i < 4; ++i) CHECK(plan.calls[i].prompt_tokens == prompts[i]);
}

TEST_CASE("roots are chosen by the weights of a mix") {
  const Workload workload = make_workload(
      "sessions: 4000\nsource: roles\nroles: {file: {roles: {a: {first_prompt: 1, new_tokens: 1, "
      "output: 1}, b: {first_prompt: 2, new_tokens: 1, output: 1}}, mixes: {both: {a: 1, b: "
      "3}}}, root: both}\narrival: {kind: closed, concurrency: 1}\n");
  int of_a = 0;
  for (size_t i = 0; i < 4000; ++i) of_a += workload.plan(i).calls[0].prompt_tokens == 1 ? 1 : 0;
  CHECK(of_a == doctest::Approx(1000).epsilon(0.1));  // 3.65 standard deviations
}

TEST_CASE("only a share of a role's agents ever spawns") {
  const Workload workload = make_workload(
      sessions_of("a: {first_prompt: 1, steps_per_turn: 5, new_tokens: 1, output: 1, spawn: [{role: b, "
                  "probability: 1, agents: 0.25}]}, b: {first_prompt: 1, new_tokens: 1, output: 1}",
                  "a", 4000));
  int spawning = 0;
  for (size_t i = 0; i < 4000; ++i) {
    const size_t agents = workload.plan(i).agents.size();
    CHECK((agents == 1 || agents == 5));  // each of its four steps with tools, or none
    spawning += agents > 1 ? 1 : 0;
  }
  CHECK(spawning == doctest::Approx(1000).epsilon(0.1));
}

TEST_CASE("a mix of unknown roles and an unknown root are told") {
  const std::string yaml =
      "source: roles\nroles: {file: {roles: {short: {first_prompt: 1, new_tokens: 1, output: 1}}, "
      "mixes: {both: {shirt: 1}}}, root: both}\narrival: {kind: closed, concurrency: 1}\n";
  CHECK(errors_of(yaml).find("unknown role 'shirt'\n") != std::string::npos);
  CHECK(errors_of(yaml).find("did you mean 'short'?") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::workload
