#include "sim/serving/session_driver.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/serving/session_world.hpp"

namespace agentsim::serving {
namespace {

TEST_CASE("tools and people hold up the next call of an agent and nobody else") {
  // Given three calls with 3 s of thought before the first, 5 s of a tool before the second and 7 s of
  // thought before the third, then each begins so long after the one before has come back.
  const World world(
      {plan_of({{{{100, 5, Gap::human, 3.0}, {50, 9, Gap::tool, 5.0}, {60, 2, Gap::human, 7.0}}}})});
  CHECK(world.call(0, 0).arrival_s == near(3.0));
  CHECK(world.call(0, 1).arrival_s == near(world.call(0, 0).end_s + 5.0));
  CHECK(world.call(0, 2).arrival_s == near(world.call(0, 1).end_s + 7.0));
  for (uint32_t i = 0; i < 3; ++i) {
    CHECK(world.call(0, i).queued_s == near(world.call(0, i).arrival_s + kOneWay_s));
    CHECK(world.call(0, i).end_s == near(world.call(0, i).last_token_s + kOneWay_s));
  }
  const SessionRecord& session = world.sessions.at(0);
  CHECK(session.path.human_s == near(10.0));
  CHECK(session.path.tool_s == near(5.0));
  CHECK(session.path.network_s == near(6 * kOneWay_s));
  CHECK(session.join_wait_s == 0.0);
  CHECK(session.calls == 3);
  CHECK(session.prompt_tokens == 210);
  CHECK(session.output_tokens == 16);
  check_split(session);
}

TEST_CASE("a parent waits for the sub-agents it joins and its gap begins when the last of them has ended") {
  // Given two sub-agents 2 s and 1 s after the parent's first call, the first with much more to say, then the
  // parent's second call begins 4 s after the end of the first one, and the path runs through that.
  const World world({plan_of(
      {{{{100, 5}, {100, 5, Gap::tool, 4.0}}}, {{{100, 500}}, 0, 0, 2.0, 1}, {{{100, 5}}, 0, 0, 1.0, 1}})});
  const double spawned_s = world.call(0, 0).end_s;
  CHECK(world.call(1, 0).arrival_s == near(spawned_s + 2.0));
  CHECK(world.call(2, 0).arrival_s == near(spawned_s + 1.0));
  CHECK(world.call(2, 0).end_s < world.call(1, 0).end_s);
  CHECK(world.call(0, 1).arrival_s == near(world.call(1, 0).end_s + 4.0));
  const SessionRecord& session = world.sessions.at(0);
  CHECK(session.join_wait_s == near(world.call(1, 0).end_s - spawned_s));
  CHECK(session.path.tool_s == near(2.0 + 4.0));
  CHECK(session.path.network_s == near(3 * 2 * kOneWay_s));
  CHECK(session.path.decode_s == near(world.call(0, 0).split.decode_s + world.call(1, 0).split.decode_s +
                                      world.call(0, 1).split.decode_s));
  check_split(session);
}

TEST_CASE("a sub-agent that is back before its parent needs it holds up nobody") {
  // Given a sub-agent spawned by the first call and joined by the third, and a second call that takes longer,
  // then the third begins when the second has ended, and the path is the parent's own.
  const World world(
      {plan_of({{{{100, 5}, {100, 900}, {100, 5, Gap::tool, 1.0}}}, {{{100, 5}}, 0, 0, 0.0, 2}})});
  CHECK(world.call(1, 0).end_s < world.call(0, 1).end_s);
  CHECK(world.call(0, 1).arrival_s == near(world.call(0, 0).end_s));
  CHECK(world.call(0, 2).arrival_s == near(world.call(0, 1).end_s + 1.0));
  CHECK(world.sessions.at(0).join_wait_s == 0.0);
  CHECK(world.sessions[0].path.tool_s == near(1.0));
  check_split(world.sessions[0]);
}

TEST_CASE("a session ends with the last of its agents though nobody joins it") {
  // Given a sub-agent that nobody waits for and that has a sub-agent of its own, then the session ends with
  // the latter, and the path is root, child, grandchild with the delays between them.
  const World world({plan_of({{{{100, 5}, {100, 5}}},
                              {{{100, 5}, {100, 5, Gap::human, 6.0}}, 0, 0, 20.0, -1},
                              {{{100, 50}}, 1, 1, 30.0, -1}})});
  const SessionRecord& session = world.sessions.at(0);
  CHECK(world.call(0, 1).end_s < world.call(1, 0).arrival_s);
  CHECK(session.end_s == near(world.call(2, 0).end_s));
  CHECK(session.path.tool_s == near(50.0));
  CHECK(session.path.human_s == near(6.0));
  CHECK(session.path.network_s == near(4 * 2 * kOneWay_s));
  CHECK(session.agents == 3);
  check_split(session);
}

TEST_CASE("an agent ends when its own calls have though a child of it still runs") {
  // Given a parent that joins a child, and a grandchild that the child does not join and that runs for 40 s
  // more, then the parent goes on when the child is back, and the session ends with the grandchild.
  const World world(
      {plan_of({{{{100, 5}, {100, 5}}}, {{{100, 5}}, 0, 0, 1.0, 1}, {{{100, 5}}, 1, 0, 40.0, -1}})});
  CHECK(world.call(0, 1).arrival_s == near(world.call(1, 0).end_s));
  CHECK(world.sessions.at(0).end_s == near(world.call(2, 0).end_s));
  check_split(world.sessions[0]);
}

TEST_CASE("a closed workload never has more sessions than users") {
  // Given 12 sessions of odd lengths and 3 users, then 3 run until no more are left to begin, each after the
  // first three beginning when another ends.
  std::vector<SessionPlan> plans;
  for (uint32_t i = 0; i < 12; ++i)
    plans.push_back(plan_of({{{{100, 5 + 37 * (i % 5)}, {70, 3, Gap::tool, 0.1 * (i % 4)}}}}));
  World world(plans, "{kind: closed, concurrency: 3}");
  REQUIRE(world.sessions.size() == 12);
  std::vector<double> ends;
  for (const SessionRecord& session : world.sessions) ends.push_back(session.end_s);
  CHECK(std::is_sorted(ends.begin(), ends.end()));
  for (const SessionRecord& session : world.sessions) {
    check_split(session);
    CHECK(session.arrival_s == (session.session < 3 ? 0.0 : ends[session.session - 3]));
    int running = 0;
    for (const SessionRecord& other : world.sessions)
      running += other.arrival_s <= session.arrival_s && session.arrival_s < other.end_s ? 1 : 0;
    CHECK(running <= 3);
  }
}

TEST_CASE("sessions that end at the same moment are followed by no more than are left") {
  // Given 5 equal sessions and 3 users, of whom the first is alone in the first step and the others share all
  // theirs, then the fourth session follows the first, and the fifth the two that end together.
  const World world(std::vector<SessionPlan>(5, plan_of({{{{100, 5}}}})), "{kind: closed, concurrency: 3}");
  REQUIRE(world.sessions.size() == 5);
  CHECK(world.sessions[0].end_s < world.sessions[1].end_s);
  CHECK(world.sessions[1].end_s == world.sessions[2].end_s);
  CHECK(world.sessions[3].arrival_s == world.sessions[0].end_s);
  CHECK(world.sessions[4].arrival_s == world.sessions[1].end_s);
}

TEST_CASE("an open workload begins its sessions at their times however many still run") {
  // Given 20 sessions at a rate that one GPU cannot follow, then they arrive as the workload says, and all
  // end.
  const std::vector<SessionPlan> plans(20, plan_of({{{{4000, 300}}}}));
  const World world(plans, "{kind: poisson, rate: 10/s}");
  REQUIRE(world.sessions.size() == 20);
  for (const SessionRecord& session : world.sessions) {
    CHECK(session.arrival_s == world.users.arrival_s(session.session));
    CHECK(world.calls.at({session.session, 0, 0}).arrival_s == session.arrival_s);
    check_split(session);
  }
  // The first has not ended when the tenth begins.
  const auto first = std::find_if(world.sessions.begin(), world.sessions.end(),
                                  [](const SessionRecord& session) { return session.session == 0; });
  CHECK(first->end_s > world.users.arrival_s(9));
}

}  // namespace
}  // namespace agentsim::serving
