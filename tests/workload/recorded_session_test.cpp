#include "sim/workload/recorded_session.hpp"

#include <doctest/doctest.h>

#include "tests/workload/collecting_sink.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

RecordedCall call(int64_t start_s, int64_t end_s, uint32_t prompt, uint32_t cached, uint32_t output,
                  bool is_human = false) {
  return {start_s * kSecond, end_s * kSecond, prompt, cached, output, is_human};
}

CollectingSink plans_of(std::vector<RecordedSession> sessions, const RecordedRules& rules = {}) {
  CollectingSink sink;
  RecordedSessions recorded("test", rules, sink);
  for (RecordedSession& session : sessions) recorded.add(std::move(session));
  recorded.finish();
  return sink;
}

// Leading tokens that two prompts share.
uint32_t shared(const SessionPlan& plan, size_t a, size_t b) {
  uint32_t tokens = 0;
  for (uint32_t i = 0; i < std::min(plan.calls[a].slice_count, plan.calls[b].slice_count); ++i) {
    const Slice &x = plan.slices[plan.calls[a].first_slice + i],
                &y = plan.slices[plan.calls[b].first_slice + i];
    if (x.stream != y.stream || x.begin != y.begin) break;
    tokens += std::min(x.tokens(), y.tokens());
    if (x.end != y.end) break;
  }
  return tokens;
}

TEST_CASE("a context that grows holds the prompt and the output before it") {
  // Given prompts of 1000, then 1300 after an output of 200: 100 tokens are new.
  const SessionPlan plan =
      plans_of({{"s", {{"main", -1, {call(0, 5, 1000, 0, 200), call(8, 9, 1300, 1000, 10)}}}}}).plans.at(0);
  CHECK(shared(plan, 0, 1) == 1000);
  const Slice& second = plan.slices[plan.calls[1].first_slice];
  CHECK(plan.calls[0].output_stream == second.stream);
  CHECK(plan.calls[0].output_begin == second.begin + 1000);
  CHECK(second.tokens() == 1300);
  CHECK(plan.calls[1].gap == Gap::tool);
  CHECK(plan.calls[1].gap_s == 3.0);
}

TEST_CASE("an output that is longer than what came after it did not come back") {
  // Given a prompt of 1000, an output of 500 and a prompt of 1100: the 100 behind the first prompt are new.
  const CollectingSink sink =
      plans_of({{"s", {{"main", -1, {call(0, 5, 1000, 0, 500), call(8, 9, 1100, 1000, 10)}}}}});
  const SessionPlan& plan = sink.plans.at(0);
  CHECK(shared(plan, 0, 1) == 1000);
  CHECK(plan.slices[plan.calls[1].first_slice + 1].stream != plan.calls[0].output_stream);
  CHECK(sink.counts.at(
            "prompts are shorter than prompt and output before them: that output did not come back") == 1);
}

TEST_CASE("a context that became shorter keeps what the provider found cached") {
  const CollectingSink sink = plans_of(
      {{"s",
        {{"main", -1, {call(0, 5, 9000, 0, 100), call(8, 9, 4000, 2500, 10), call(10, 11, 4200, 0, 1)}}}}});
  const SessionPlan& plan = sink.plans.at(0);
  CHECK(shared(plan, 0, 1) == 2500);
  CHECK(shared(plan, 1, 2) == 4000);
  CHECK(shared(plan, 0, 2) == 2500);
  CHECK(sink.counts.at("contexts became shorter: what was cached is kept, the rest is new") == 1);
}

TEST_CASE(
    "sub-agents follow the call that ended before them and are waited for by the next that starts after") {
  // Given a parent's calls [0, 10], [60, 70] and [80, 90], agents in [12, 55] and [13, 75]: the second call
  // joins the first agent with a gap of 5 s, the third call joins the other with a gap of 80 - 75 s.
  const CollectingSink sink =
      plans_of({{"s",
                 {{"main", -1, {call(0, 10, 100, 0, 5), call(60, 70, 200, 0, 5), call(80, 90, 300, 0, 5)}},
                  {"help", 0, {call(12, 20, 50, 0, 5), call(21, 55, 90, 0, 5)}},
                  {"help", 0, {call(13, 75, 50, 40, 5)}}}}});
  const SessionPlan& plan = sink.plans.at(0);
  CHECK(plan.agents[1].spawn_call == 0);
  CHECK(plan.agents[1].spawn_delay_s == 2.0);
  CHECK(plan.agents[1].join_call == 1);
  CHECK(plan.agents[2].join_call == 2);
  CHECK(plan.calls[1].gap_s == 5.0);
  CHECK(plan.calls[2].gap_s == 5.0);
  // The second helper's 40 cached tokens are the front of the first one's prompt.
  CHECK(shared(plan, 3, 5) == 40);
}

TEST_CASE("agents without calls are left out, and their children go to the agent above") {
  const CollectingSink sink = plans_of({{"s",
                                         {{"workflow", -1, {}},
                                          {"late", 0, {call(30, 40, 10, 0, 1)}},
                                          {"early", 0, {call(0, 20, 10, 0, 1), call(50, 51, 20, 0, 1)}},
                                          {"inner", 1, {call(32, 33, 10, 0, 1)}}}},
                                        {"t", {{"nobody", -1, {}}}}});
  REQUIRE(sink.plans.size() == 1);
  const SessionPlan& plan = sink.plans[0];
  REQUIRE(plan.agents.size() == 3);
  CHECK(sink.role(plan.agents[0]) == "early");
  CHECK(sink.role(plan.agents[1]) == "late");
  CHECK(plan.agents[1].parent == 0);
  CHECK(plan.agents[1].join_call == 1);
  CHECK(plan.agents[2].parent == 1);
  CHECK(sink.counts.at("sessions have no call and are left out") == 1);
}

TEST_CASE("arrivals count from the first session, and long gaps are cut") {
  RecordedRules rules;
  rules.max_tool_gap_s = 10.0;
  rules.max_human_gap_s = 20.0;
  const CollectingSink sink = plans_of(
      {{"s",
        {{"main", -1, {call(100, 101, 10, 0, 1), call(150, 151, 20, 0, 1), call(201, 202, 30, 0, 1, true)}}}},
       {"t", {{"main", -1, {call(160, 161, 10, 0, 1)}}}}},
      rules);
  CHECK(sink.plans[0].recorded_arrival_s == 0.0);
  CHECK(sink.plans[1].recorded_arrival_s == 60.0);
  CHECK(sink.plans[0].calls[1].gap_s == 10.0);
  CHECK(sink.plans[0].calls[2].gap == Gap::human);
  CHECK(sink.plans[0].calls[2].gap_s == 20.0);
  CHECK(sink.counts.at("gaps of tools are cut to 10 s") == 1);
}

}  // namespace
}  // namespace agentsim::workload
