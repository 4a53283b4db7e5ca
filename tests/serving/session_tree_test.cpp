#include <doctest/doctest.h>

#include "sim/workload/plan_graph.hpp"
#include "tests/serving/session_world.hpp"

namespace agentsim::serving {
namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();

// Of a sub-agent of the root, spawned by its first call and joined by its second in the group 0.
HandAgent member(const std::vector<HandCall>& calls, double delay_s = 0.0) {
  return {calls, 0, 0, delay_s, 1, 0};
}

TEST_CASE("a parent that wants any of its sub-agents goes on with the first, and the others are cancelled") {
  // Given three sub-agents, the second with the least to say, the first in the middle of a long answer and
  // the third not yet begun when it is back, then neither of these two has a finished call.
  const SessionPlan plan = plan_of({{{{100, 5}, {100, 5, Gap::tool, 1.0}}},
                                    member({{100, 2000}, {100, 5}}),
                                    member({{100, 20}}),
                                    member({{100, 5}}, 1000.0)},
                                   {1});
  workload::validate(plan);
  const World world({plan});
  CHECK(world.call(0, 1).arrival_s == near(world.call(2, 0).end_s + 1.0));
  CHECK_FALSE(world.has(1, 0));
  CHECK_FALSE(world.has(3, 0));
  const SessionRecord& session = world.sessions.at(0);
  CHECK(session.calls == 3);
  CHECK(session.cancelled_calls == 1);
  CHECK(session.cancelled_agents == 2);
  CHECK(session.output_tokens == 5 + 20 + 5);
  CHECK(session.end_s == near(world.call(0, 1).end_s));
  CHECK(world.cancelled == 1);
  CHECK(world.left_out == 2);  // the loser's second call, and the one of the third sub-agent
  check_split(session);
}

TEST_CASE("a quorum waits for so many of its sub-agents") {
  // Given sub-agents that end one after the other and a quorum of two, then the second decides.
  const World world({plan_of(
      {{{{100, 5}, {100, 5}}}, member({{100, 10}}), member({{100, 10}}, 100.0), member({{100, 10}}, 200.0)},
      {2})});
  CHECK(world.call(0, 1).arrival_s == near(world.call(2, 0).end_s));
  CHECK_FALSE(world.has(3, 0));
  CHECK(world.sessions.at(0).cancelled_agents == 1);
  check_split(world.sessions[0]);
}

TEST_CASE("losers are cancelled when the race is won though the parent needs the answer later") {
  // Given a join by the third call while the second one takes long, then the loser ends with the winner.
  std::vector<HandAgent> agents{{{{100, 5}, {100, 5, Gap::tool, 500.0}, {100, 5}}},
                                member({{100, 10}}),
                                member({{100, 5}, {100, 5, Gap::tool, 50.0}})};
  agents[1].join_call = agents[2].join_call = 2;
  const World world({plan_of(agents, {1})});
  CHECK(world.has(2, 0));
  CHECK_FALSE(world.has(2, 1));
  CHECK(world.sessions.at(0).cancelled_calls == 0);
  CHECK(world.left_out == 1);
}

TEST_CASE("with a loser all go that it has spawned") {
  // Given a loser whose own sub-agent is nobody's concern and would run for long, then the session ends with
  // the winner's parent.
  const World world({plan_of({{{{100, 5}, {100, 5}}},
                              member({{100, 10}, {100, 5, Gap::human, 900.0}}),
                              member({{100, 200}}),
                              {{{100, 5}, {100, 5, Gap::tool, 5000.0}}, 1, 0, 0.0, -1}},
                             {1})});
  CHECK(world.has(3, 0));
  CHECK_FALSE(world.has(3, 1));
  CHECK(world.sessions.at(0).end_s == near(world.call(0, 1).end_s));
  CHECK(world.sessions[0].end_s < 900.0);
  CHECK(world.sessions[0].cancelled_agents == 2);
}

TEST_CASE("an agent past its budget of time ends with the call that it is in") {
  // Given 60 s, and calls at about 0, 50 and 100 s after its start, then the third is its last; the sub-agent
  // that it would have joined is cancelled, and the one that nobody joins goes on.
  const World world({plan_of(
      {{{{100, 5}, {100, 5}}},
       {{{100, 5}, {100, 5, Gap::tool, 50.0}, {100, 5, Gap::tool, 50.0}, {100, 5}}, 0, 0, 10.0, 1, -1, 60.0},
       {{{100, 5, Gap::tool, 500.0}}, 1, 0, 0.0, 3},
       {{{100, 5, Gap::tool, 70.0}}, 1, 0, 0.0, -1},
       {{{100, 5}}, 1, 3, 0.0, -1}})});
  CHECK(world.has(1, 2));
  CHECK_FALSE(world.has(1, 3));
  CHECK_FALSE(world.has(2, 0));
  CHECK(world.has(3, 0));
  CHECK_FALSE(world.has(4, 0));
  CHECK(world.call(0, 1).arrival_s == near(world.call(1, 2).end_s));
  CHECK(world.sessions.at(0).cancelled_agents == 1);
  CHECK(world.left_out == 3);
  check_split(world.sessions[0]);
}

TEST_CASE("a call that reads a message waits for the call that writes it") {
  // Given two sub-agents at work at once, the second of which reads in its second call what the first writes
  // in its second, 30 s after its first.
  SessionPlan plan = plan_of({{{{100, 5}, {100, 5}}},
                              {{{100, 5}, {100, 50, Gap::tool, 30.0}}, 0, 0, 0.0, 1},
                              {{{100, 5}, {100, 5, Gap::tool, 2.0}}, 0, 0, 0.0, 1}});
  plan.messages = {{3, 5}};
  workload::validate(plan);
  const World world({plan});
  CHECK(world.call(2, 1).arrival_s == near(world.call(1, 1).end_s + 2.0));
  const SessionRecord& session = world.sessions.at(0);
  CHECK(session.path.tool_s == near(32.0));
  // The reader's wait for the message, and the parent's for both.
  CHECK(session.join_wait_s == near(world.call(1, 1).end_s - world.call(2, 0).end_s + world.call(2, 1).end_s -
                                    world.call(0, 0).end_s));
  check_split(session);
}

TEST_CASE("a message that is never written holds nobody up once its agent is cancelled") {
  // Given a reader outside the race whose message a loser would have written after 1000 s.
  SessionPlan plan = plan_of({{{{100, 5}, {100, 5}, {100, 5}}},
                              member({{100, 5}, {100, 5, Gap::tool, 1000.0}}),
                              member({{100, 300}}),
                              {{{100, 5}, {100, 5}}, 0, 0, 0.0, 2}},
                             {1});
  plan.messages = {{4, 7}};
  workload::validate(plan);
  const World world({plan});
  CHECK(world.call(3, 1).arrival_s == near(world.call(2, 0).end_s));
  check_split(world.sessions.at(0));
}

workload::Tool on(int16_t resource, double service_s, bool parallel = false) {
  return {0, resource, parallel, service_s};
}

TEST_CASE("tools that nobody contends for take the longest of those that run at once") {
  // Given 1 s, then 2 s beside 5 s, then 3 s: 9 s.
  const World world(
      {plan_of({{{{100, 5}, {100, 5, Gap::tool, 1.0, {on(-1, 2.0), on(-1, 5.0, true), on(-1, 3.0)}}}}})});
  CHECK(world.call(0, 1).arrival_s == near(world.call(0, 0).end_s + 9.0));
  CHECK(world.sessions.at(0).path.tool_s == near(9.0));
  CHECK(world.sessions[0].path.tool_queue_s == 0.0);
}

TEST_CASE("tools on one server queue in the order in which they came") {
  // Given two sub-agents that begin at once, with a tool of 10 s each before their only call, and one server,
  // then the second begins its tool when the first has ended, and that wait is on the critical path.
  const HandAgent child{{{100, 5, Gap::tool, 0.0, {on(0, 10.0)}}}, 0, 0, 0.0, 1};
  ResourceSpec one;
  one.servers = 1;
  const World world({plan_of({{{{100, 5}, {100, 5}}}, child, child})}, "{kind: closed, concurrency: 1}",
                    {one});
  const double spawned_s = world.call(0, 0).end_s;
  CHECK(world.call(1, 0).arrival_s == near(spawned_s + 10.0));
  CHECK(world.call(2, 0).arrival_s == near(spawned_s + 20.0));
  CHECK(world.sessions.at(0).path.tool_s == near(10.0));
  CHECK(world.sessions[0].path.tool_queue_s == near(10.0));
  check_split(world.sessions[0]);
}

TEST_CASE("a limited rate spaces the beginnings of tools and not their ends") {
  // Given two a second and three tools of 4 s at once, then they begin at 0, 0.5 and 1 s.
  ResourceSpec api;
  api.rate_per_s = 2.0;
  const World world(
      {plan_of({{{{100, 5}, {100, 5, Gap::tool, 0.0, {on(0, 4.0), on(0, 4.0, true), on(0, 4.0, true)}}}}})},
      "{kind: closed, concurrency: 1}", {api});
  CHECK(world.call(0, 1).arrival_s == near(world.call(0, 0).end_s + 5.0));
  CHECK(world.sessions.at(0).path.tool_queue_s == near(1.0));
  CHECK(world.sessions[0].path.tool_s == near(4.0));
}

TEST_CASE("a cancelled agent leaves the queue of its tool and stops the one that runs") {
  // Given one server, a loser that runs on it for 1000 s, another that waits for it, and a winner, then the
  // parent's own tool begins at once.
  ResourceSpec one;
  one.servers = 1;
  const World world({plan_of({{{{100, 5}, {100, 5, Gap::tool, 0.0, {on(0, 7.0)}}}},
                              member({{100, 5, Gap::tool, 0.0, {on(0, 1000.0)}}}),
                              member({{100, 5, Gap::tool, 0.0, {on(0, 1000.0)}}}),
                              member({{100, 5}})},
                             {1})},
                    "{kind: closed, concurrency: 1}", {one});
  CHECK(world.call(0, 1).arrival_s == near(world.call(3, 0).end_s + 7.0));
  CHECK(world.sessions.at(0).path.tool_queue_s == 0.0);
  CHECK(world.sessions[0].cancelled_agents == 2);
  CHECK(world.sessions[0].cancelled_calls == 0);
}

TEST_CASE("a person who is busy with another agent is waited for, and that is human time") {
  // Given two sessions at once that a person has to look at for 60 s each.
  ResourceSpec person;
  person.servers = 1;
  const SessionPlan plan = plan_of({{{{100, 5}, {100, 5, Gap::human, 0.0, {on(0, 60.0)}}}}});
  const World world({plan, plan}, "{kind: closed, concurrency: 2}", {person});
  const auto& first = world.calls.at({0, 0, 0});
  CHECK(world.calls.at({0, 0, 1}).arrival_s == near(first.end_s + 60.0));
  CHECK(world.calls.at({1, 0, 1}).arrival_s == near(first.end_s + 120.0));
  for (const SessionRecord& session : world.sessions) {
    check_split(session);
    CHECK(session.path.tool_queue_s == 0.0);
    CHECK(session.path.human_s >= 60.0 - 1e-9);
  }
}

TEST_CASE("the critical path of a plan alone on a cluster is what its graph says") {
  // Given a tree with a race, a budget and a message, each call taking what it took, then the graph's
  // critical path is the session's latency.
  SessionPlan plan = plan_of({{{{100, 5}, {100, 5, Gap::tool, 2.0}, {100, 5}}},
                              member({{100, 40}, {100, 5, Gap::tool, 4.0}}),
                              member({{100, 5}, {100, 5, Gap::tool, 900.0}}),
                              {{{100, 5}, {100, 5, Gap::tool, 5.0}, {100, 5}}, 0, 0, 1.0, 2, -1, 3.0}},
                             {1});
  plan.messages = {{3, 8}};
  workload::validate(plan);
  const World world({plan});
  const auto took_s = [&](const SessionPlan& p, const workload::Call& call) {
    const auto number = static_cast<uint32_t>(&call - p.calls.data());
    uint32_t agent = 0;
    while (agent + 1 < p.agents.size() && p.agents[agent + 1].first_call <= number) ++agent;
    const auto at = world.calls.find({0, agent, number - p.agents[agent].first_call});
    return at == world.calls.end() ? kForever : at->second.end_s - at->second.arrival_s;
  };
  CHECK(workload::critical_path_s(plan, took_s) == near(world.sessions.at(0).end_s));
}

}  // namespace
}  // namespace agentsim::serving
