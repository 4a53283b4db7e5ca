#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/workload/plan_graph.hpp"
#include "tests/property/holds.hpp"
#include "tests/workload/role_sessions.hpp"

namespace agentsim::workload {
namespace {

SessionPlan plan_of(const std::string& roles, const std::string& root) {
  SessionPlan plan = make_workload(sessions_of(roles, root)).plan(0);
  validate(plan);
  return plan;
}

std::string boss(const std::string& rule) {
  return "boss: {prefix: 100, first_prompt: 50, turns: 2, steps_per_turn: 2, new_tokens: 7, human_tokens: 3, "
         "output: 10, tool: 4 s, think: 60 s, spawn: [{role: help, probability: 1, " +
         rule + "}]}, help: {prefix: 30, first_prompt: 20, new_tokens: 1, output: 5, returns: 9}";
}

TEST_CASE("any and a quorum need so many of the agents spawned at once, and return what these do") {
  const struct {
    const char* rule;
    int32_t group;
    uint32_t needed;
    uint32_t returns;
  } cases[] = {{"count: 4", -1, 0, 36},
               {"count: 4, join: any", 0, 1, 9},
               {"count: 4, join: quorum, quorum: 3", 0, 3, 27},
               {"count: 4, join: quorum, quorum: 9", 0, 4, 36}};
  for (const auto& c : cases) {
    CAPTURE(c.rule);
    const SessionPlan plan = plan_of(boss(c.rule), "boss");
    REQUIRE(plan.agents.size() == 1 + 2 * 4);  // after the one tool step of each of two turns
    for (size_t a = 1; a <= 4; ++a) {
      CHECK(plan.agents[a].join_group == c.group);
      CHECK(plan.agents[a].spawn_call == 0);
      CHECK(plan.agents[a].join_call == 1);
      CHECK(plan.agents[a + 4].spawn_call == 2);
      CHECK(plan.agents[a + 4].join_call == 3);
    }
    REQUIRE(plan.join_groups.size() == (c.group < 0 ? 0 : 2));
    if (c.group >= 0) CHECK(plan.join_groups[0].needed == c.needed);
    CHECK(plan.calls[1].prompt_tokens == 150 + 10 + 7 + c.returns);
  }
}

TEST_CASE("a snapshot begins with its parent's context and shares it token for token") {
  const SessionPlan plan = plan_of(boss("context: snapshot, when: first"), "boss");
  REQUIRE(plan.agents.size() == 2);
  const Call& parent = plan.calls[0];
  const Call& child = plan.calls[plan.agents[1].first_call];
  CHECK(child.prompt_tokens == 150 + 10 + 20);
  REQUIRE(child.slice_count == 3);
  const Slice* slices = &plan.slices[child.first_slice];
  CHECK(slices[0].stream == plan.slices[parent.first_slice].stream);
  CHECK(slices[0].tokens() == 100);
  CHECK(slices[1].stream == parent.output_stream);
  CHECK(slices[1].end == parent.output_begin + parent.output_tokens);
  CHECK(slices[2].tokens() == 20);
}

TEST_CASE("a rule says after which calls its agents are sent out, and after how long") {
  const SessionPlan first = plan_of(boss("when: first, delay: 3 s"), "boss");
  REQUIRE(first.agents.size() == 2);
  CHECK(first.agents[1].spawn_call == 0);
  CHECK(first.agents[1].spawn_delay_s == 3.0);
  CHECK(first.agents[1].join_call == 1);
  const SessionPlan turn = plan_of(boss("when: turn"), "boss");
  REQUIRE(turn.agents.size() == 3);
  CHECK(turn.agents[1].spawn_call == 1);
  CHECK(turn.agents[1].join_call == 2);
  CHECK(turn.calls[2].gap_s == 60.0);  // the person still thinks
  // Behind the last call nobody is left to wait for them.
  CHECK(turn.agents[2].spawn_call == 3);
  CHECK(turn.agents[2].join_call == -1);
}

TEST_CASE("detached is another word for none") {
  CHECK(fingerprint_of(plan_of(boss("join: detached"), "boss")) ==
        fingerprint_of(plan_of(boss("join: none"), "boss")));
}

TEST_CASE("an agent reads what those spawned with it wrote one call before") {
  // Given three writers with three calls each that read at each call but the first, 6 tokens each time.
  const SessionPlan plan = plan_of(
      "boss: {first_prompt: 50, steps_per_turn: 2, new_tokens: 7, output: 10, spawn: [{role: writer, "
      "probability: 1, count: 3}]}, writer: {first_prompt: 20, steps_per_turn: 3, new_tokens: 1, "
      "output: 5, messages: [{from: writer, probability: 1, tokens: 6}]}",
      "boss");
  REQUIRE(plan.messages.size() == 3 * 2);
  for (const Message& message : plan.messages) {
    const uint32_t sender = (message.sender - 2) / 3, reader = (message.reader - 2) / 3;
    CHECK(sender != reader);
    CHECK((message.sender - 2) % 3 + 1 == (message.reader - 2) % 3);
  }
  const Agent& writer = plan.agents[1];
  CHECK(plan.calls[writer.first_call + 1].prompt_tokens == 20 + 5 + 1 + 6);
  CHECK(plan.calls[writer.first_call + 2].prompt_tokens == 32 + 5 + 1 + 6);
}

TEST_CASE("the last call of an agent with fewer calls stands for those that it does not make") {
  const SessionPlan plan = plan_of(
      "boss: {first_prompt: 50, steps_per_turn: 2, new_tokens: 7, output: 10, spawn: [{role: brief, "
      "probability: 1}, {role: long, probability: 1}]}, brief: {first_prompt: 1, new_tokens: 1, "
      "output: 5}, long: {first_prompt: 20, steps_per_turn: 4, new_tokens: 1, output: 5, messages: "
      "[{from: brief, probability: 1, tokens: 6}]}",
      "boss");
  REQUIRE(plan.messages.size() == 3);
  for (const Message& message : plan.messages) CHECK(message.sender == plan.agents[1].first_call);
}

std::string random_role(const char* name, const char* other) {
  const auto draw = [](int low, int high) { return *rc::gen::inRange(low, high + 1); };
  const char* joins[] = {"all", "any", "quorum", "detached"};
  const char* whens[] = {"first", "tool", "turn"};
  return fmt::format(
      "{}: {{prefix: {}, first_prompt: {}, turns: {}, steps_per_turn: {{uniform: {{low: 1, high: {}}}}}, "
      "new_tokens: {}, output: {}, reasoning: {}, keep_reasoning: {}, tool: 1 s, context_limit: 400, "
      "compact_to: 20, summary: {}, token_budget: {}, time_budget: {} s, returns: 5, failure: {{probability: "
      "0.{}, retries: {}}}, messages: [{{from: {}, probability: 0.5, tokens: 9}}], spawn: [{{role: {}, "
      "probability: 0.{}, count: {}, depth: {}, join: {}, quorum: {}, when: {}, context: {}}}]}}",
      name, draw(0, 90), draw(0, 300), draw(1, 3), draw(1, 5), draw(0, 80), draw(1, 60), draw(0, 30),
      draw(0, 1) == 1 ? "true" : "false", draw(0, 1) * draw(1, 300), draw(0, 1) * draw(1, 3000),
      draw(0, 1) * draw(1, 9), draw(0, 9), draw(0, 3), draw(0, 1) == 1 ? name : other, other, draw(0, 9),
      draw(0, 3), draw(1, 2), joins[draw(0, 3)], draw(1, 4), whens[draw(0, 2)],
      draw(0, 1) == 1 ? "fresh" : "snapshot");
}

TEST_CASE("whatever roles say, plans keep their contract and no call goes past its context's limit") {
  const bool good = holds("plans of random roles", 300, 20000, [] {
    const std::string roles = random_role("a", "b") + ", " + random_role("b", "a");
    RC_LOG() << roles << '\n';
    const Workload workload = make_workload(sessions_of(roles, "a", 5));
    for (size_t i = 0; i < 5; ++i) {
      const SessionPlan plan = workload.plan(i);
      validate(plan);
      for (const Call& call : plan.calls) RC_ASSERT(call.prompt_tokens + call.output_tokens <= 400);
      RC_CLASSIFY(!plan.messages.empty(), "with messages");
      RC_CLASSIFY(!plan.join_groups.empty(), "with races");
      RC_CLASSIFY(std::any_of(plan.calls.begin(), plan.calls.end(),
                              [](const Call& call) { return call.purpose == Purpose::summary; }),
                  "with summaries");
    }
  });
  CHECK(good);
}

}  // namespace
}  // namespace agentsim::workload
