#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "sim/workload/plan_graph.hpp"
#include "tests/workload/role_sessions.hpp"

namespace agentsim::workload {
namespace {

SessionPlan plan_of(const std::string& yaml) {
  SessionPlan plan = make_workload(yaml).plan(0);
  validate(plan);
  return plan;
}

TEST_CASE("roles with one prefix share it in front of their own") {
  const SessionPlan plan = plan_of(sessions_of(
      "boss: {shared_prefix: harness, prefix: 10, first_prompt: 50, steps_per_turn: 2, new_tokens: 7, "
      "output: "
      "10, spawn: [{role: help, probability: 1}]}, help: {shared_prefix: harness, prefix: 20, first_prompt: "
      "5, new_tokens: 1, output: 5}",
      "boss", 1, ", prefixes: {harness: 900}"));
  const Slice* of_boss = &plan.slices[plan.calls[0].first_slice];
  const Slice* of_help = &plan.slices[plan.calls[plan.agents[1].first_call].first_slice];
  CHECK(plan.calls[0].prompt_tokens == 900 + 10 + 50);
  CHECK(plan.calls[plan.agents[1].first_call].prompt_tokens == 900 + 20 + 5);
  CHECK(of_boss[0].stream == of_help[0].stream);
  CHECK(of_boss[0].tokens() == 900);
  CHECK(of_boss[1].stream != of_help[1].stream);
}

TEST_CASE("tools are chosen by weight and run at once, as many as are called") {
  const Workload workload = make_workload(sessions_of(
      "a: {first_prompt: 5, steps_per_turn: 2, new_tokens: 1, output: 1, tool_calls: {geometric: {mean: 2}}, "
      "tools: [{name: shell, weight: 3, duration: 2 s}, {name: web, duration: {exponential: {mean: 6 s}}, "
      "resource: api}], factors: {tool: 10}}",
      "a", 20000));
  CHECK(workload.names().tools == std::vector<std::string>{"shell", "web"});
  CHECK(workload.names().resources == std::vector<std::string>{"api"});
  double calls = 0, shells = 0, web_s = 0;
  for (size_t i = 0; i < 20000; ++i) {
    const SessionPlan plan = workload.plan(i);
    REQUIRE(plan.calls.size() == 2);
    CHECK(plan.calls[1].tool_count == plan.tools.size());
    CHECK(plan.calls[1].gap == Gap::tool);
    for (size_t t = 0; t < plan.tools.size(); ++t) {
      const Tool& tool = plan.tools[t];
      ++calls;
      CHECK(tool.parallel == (t > 0));
      CHECK(tool.resource == (tool.name == 0 ? -1 : 0));
      if (tool.name == 0) {
        ++shells;
        CHECK(tool.service_s == 20.0);
      } else {
        web_s += tool.service_s;
      }
    }
  }
  // Geometric with mean 2: variance 2. Shells: binomial with 3/4. Web: exponential with mean 60 s.
  CHECK(std::abs(calls / 20000.0 - 2.0) < 4.0 * std::sqrt(2.0 / 20000.0));
  CHECK(std::abs(shells / calls - 0.75) < 4.0 * std::sqrt(0.75 * 0.25 / calls));
  CHECK(std::abs(web_s / (calls - shells) - 60.0) < 4.0 * 60.0 / std::sqrt(calls - shells));
}

TEST_CASE("reasoning stands before the output and stays in the context or not") {
  const std::string role =
      "a: {first_prompt: 50, steps_per_turn: 2, new_tokens: 7, output: 10, reasoning: 40, keep_reasoning: ";
  const SessionPlan kept = plan_of(sessions_of(role + "true}", "a"));
  CHECK(kept.calls[0].output_tokens == 50);
  CHECK(kept.calls[0].reasoning_tokens == 40);
  CHECK(kept.calls[1].prompt_tokens == 50 + 50 + 7);
  CHECK(kept.calls[1].slice_count == 1);
  const SessionPlan dropped = plan_of(sessions_of(role + "false}", "a"));
  CHECK(dropped.calls[1].prompt_tokens == 50 + 10 + 7);
  REQUIRE(dropped.calls[1].slice_count == 2);
  // What follows is new to every cache: its tokens stand at other places than they were generated at.
  const Slice& front = dropped.slices[dropped.calls[1].first_slice];
  const Slice& rest = dropped.slices[dropped.calls[1].first_slice + 1];
  CHECK(front.tokens() == 50);
  CHECK(rest.begin == 100);
  CHECK(rest.tokens() == 17);
}

TEST_CASE("the thoughts of a role with a person queue for that person") {
  const Workload workload = make_workload(sessions_of(
      "a: {first_prompt: 5, turns: 2, new_tokens: 1, output: 1, think: 90 s, person: reviewer}", "a"));
  const SessionPlan plan = workload.plan(0);
  REQUIRE(plan.tools.size() == 1);
  CHECK(plan.calls[1].gap == Gap::human);
  CHECK(plan.calls[1].gap_s == 0.0);
  CHECK(plan.tools[0].service_s == 90.0);
  CHECK(workload.names().resources.at(static_cast<size_t>(plan.tools[0].resource)) == "reviewer");
  CHECK(gap_s(plan, plan.calls[1]) == 90.0);
}

TEST_CASE("a summary is written by a call over the context that it replaces") {
  // Given a limit of 100 and prompts of 30, 70 and then 110, with a summary of 15 tokens.
  const SessionPlan plan = plan_of(sessions_of(
      "a: {prefix: 20, first_prompt: 10, steps_per_turn: 3, new_tokens: 30, output: 10, tool: 2 s, "
      "context_limit: 100, compact_to: 25, summary: 15}",
      "a"));
  REQUIRE(plan.calls.size() == 4);
  const Call& summary = plan.calls[2];
  CHECK(summary.purpose == Purpose::summary);
  CHECK(summary.prompt_tokens == 85);  // what leaves room for the summary
  CHECK(summary.output_tokens == 15);
  CHECK(summary.gap_s == 2.0);
  CHECK(plan.calls[3].purpose == Purpose::step);
  CHECK(plan.calls[3].prompt_tokens == 45);
  CHECK(plan.calls[3].gap_s == 0.0);
}

TEST_CASE("a failed call is made again with the same prompt until it succeeds or the agent gives up") {
  const Workload workload = make_workload(sessions_of(
      "a: {first_prompt: 50, steps_per_turn: 3, new_tokens: 7, output: 10, tool: 4 s, failure: {probability: "
      "0.2, retries: 2, delay: 9 s}}",
      "a", 20000));
  double calls = 0, failed = 0, given_up = 0;
  for (size_t i = 0; i < 20000; ++i) {
    const SessionPlan plan = workload.plan(i);
    for (size_t c = 0; c < plan.calls.size(); ++c) {
      ++calls;
      failed += plan.calls[c].purpose == Purpose::failed ? 1 : 0;
      if (c == 0 || plan.calls[c - 1].purpose != Purpose::failed) continue;
      CHECK(plan.calls[c].prompt_tokens == plan.calls[c - 1].prompt_tokens);
      CHECK(plan.calls[c].output_stream != plan.calls[c - 1].output_stream);
      CHECK(plan.calls[c].gap_s == 9.0);
    }
    given_up += plan.calls.back().purpose == Purpose::failed ? 1 : 0;
  }
  // A step fails for good with 0.2^3, a session of three steps with 1 - (1 - 0.008)^3.
  const double p = 1.0 - std::pow(1.0 - 0.008, 3.0);
  CHECK(std::abs(failed / calls - 0.2) < 4.0 * std::sqrt(0.16 / calls));
  CHECK(std::abs(given_up / 20000.0 - p) < 4.0 * std::sqrt(p / 20000.0));
}

TEST_CASE("an agent ends with the call that spends its budget of tokens") {
  // Given calls of 60 and 77 tokens, and a third that is not made.
  const SessionPlan plan = plan_of(sessions_of(
      "a: {first_prompt: 50, steps_per_turn: 9, new_tokens: 7, output: 10, token_budget: 130}", "a"));
  CHECK(plan.calls.size() == 2);
}

TEST_CASE("a budget of time and a deployment stand in the plan for the run to keep") {
  const Workload workload = make_workload(sessions_of(
      "a: {first_prompt: 50, new_tokens: 7, output: 10, time_budget: 5 min, deployment: small}", "a"));
  const SessionPlan plan = workload.plan(0);
  CHECK(plan.agents[0].budget_s == 300.0);
  CHECK(workload.names().deployments.at(static_cast<size_t>(plan.agents[0].deployment)) == "small");
}

TEST_CASE("mistakes of tools, prefixes and messages are told") {
  const std::string rest = "first_prompt: 5, output: 1, new_tokens: 1";
  CHECK(errors_of(sessions_of("a: {" + rest + ", shared_prefix: harnes}", "a", 1, ", prefixes: {harness: 9}"))
            .find("unknown prefix 'harnes'") != std::string::npos);
  CHECK(errors_of(sessions_of("a: {" + rest + ", tool: 1 s, tools: [{name: x, duration: 1 s}]}", "a"))
            .find("'tool' is for roles without 'tools'") != std::string::npos);
  CHECK(errors_of(sessions_of("a: {" + rest + ", tool_calls: 2}", "a"))
            .find("'tool_calls' is for roles with 'tools'") != std::string::npos);
  CHECK(errors_of(sessions_of("a: {" + rest + ", messages: [{from: b, probability: 1, tokens: 1}]}", "a"))
            .find("unknown role 'b'") != std::string::npos);
  CHECK(errors_of(
            sessions_of("a: {prefix: 80, " + rest + ", shared_prefix: p, context_limit: 100, compact_to: 15}",
                        "a", 1, ", prefixes: {p: 5}"))
            .find("'context_limit' must exceed 'prefix' + 'compact_to' = 100") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::workload
