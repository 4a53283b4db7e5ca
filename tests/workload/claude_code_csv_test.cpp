#include <doctest/doctest.h>

#include <map>
#include <set>

#include "sim/workload/plan_graph.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

const std::string kHeader =
    "session,agent,agent_type,spawn_after_call,call,t_s,in_tok,out_tok,input,api_s,think_s,tool_tok,system_"
    "tok,"
    "blocks64\n";

std::string replay(const std::string& file, const std::string& more = "", const std::string& sessions = "") {
  return sessions + "source: claude_code_csv\nclaude_code_csv: {file: " + file + more +
         "}\narrival: {kind: closed, concurrency: 1}\n";
}

std::string errors_of_rows(const std::string& rows) {
  const TestFolder folder;
  return errors_of(replay(folder.write("t.csv", kHeader + rows)));
}

SessionPlan plan_of_rows(const std::string& rows, const std::string& more = "") {
  const TestFolder folder;
  return make_workload(replay(folder.write("t.csv", kHeader + rows), more)).plan(0);
}

TEST_CASE("the recorded sessions keep their sums and their own prefix hits") {
  const Workload workload = make_workload(replay("scenarios/traces/claude_code_533_sessions.csv.gz"));
  uint64_t calls = 0, agents = 0, prompt = 0, output = 0, hits = 0;
  for (size_t i = 0; i < workload.sessions(); ++i) {
    const SessionPlan plan = workload.plan(i);
    calls += plan.calls.size();
    agents += plan.agents.size();
    for (const Call& call : plan.calls) prompt += call.prompt_tokens;
    for (const Call& call : plan.calls) output += call.output_tokens;
    hits += hit_tokens(plan);
  }
  CHECK(workload.sessions() == 533);
  CHECK(agents == 585);
  CHECK(calls == 37'433);
  CHECK(prompt == 4'558'980'749);
  CHECK(output == 16'636'625 + 21);  // 21 calls without output have one token
  CHECK(hits == 4'391'971'072);      // the sum of the trace's hit_tok_session, 96.34 %
  CHECK(workload.names().roles == std::vector<std::string>{"main", "Explore", "general-purpose", "Plan"});
  CHECK(workload.notes() ==
        std::vector<std::string>{
            "21 calls with 0 output tokens are simulated with 1",
            "3277 calls have no api_s: taken as 25.96 ms per output token, the median of the others",
            "3160 gaps behind such calls are taken from t_s, since think_s counts the call again",
            "48 of 52 sub-agents were recorded at their end and are moved back by their span",
            "614 gaps of tools are cut to 10 min", "205 gaps of people are cut to 30 min"});
}

TEST_CASE(
    "sub-agents of the recorded sessions start soon after their spawn, and the background ones at once") {
  const Workload workload = make_workload(replay("scenarios/traces/claude_code_533_sessions.csv.gz"));
  size_t sub_agents = 0, joined_at_once = 0;
  for (size_t i = 0; i < workload.sessions(); ++i) {
    const SessionPlan plan = workload.plan(i);
    for (const Agent& agent : plan.agents) {
      if (agent.parent < 0) continue;
      ++sub_agents;
      CHECK(agent.spawn_delay_s < 8.0);
      if (agent.join_call == static_cast<int32_t>(agent.spawn_call) + 1) ++joined_at_once;
    }
    if (plan.name == "295")
      CHECK(plan.agents.at(2).join_call > static_cast<int32_t>(plan.agents[2].spawn_call) + 1);
  }
  CHECK(sub_agents == 52);
  CHECK(joined_at_once == 48);
}

TEST_CASE("a prompt is its blocks and a private tail") {
  // Given two calls that share blocks 5 and 6 and part there.
  const SessionPlan plan = plan_of_rows(
      "a,0,,-1,0,0,200,10,text,1,0,0,0,5-7\n"
      "a,0,,-1,1,5,330,10,tool_result,1,4,0,0,5-6;9-11\n");
  REQUIRE(plan.calls.size() == 2);
  const Slice* first = &plan.slices[plan.calls[0].first_slice];
  CHECK(plan.calls[0].slice_count == 2);
  CHECK(first[0].begin == 5 * 64);
  CHECK(first[0].end == 8 * 64);
  CHECK(first[1].tokens() == 200 - 3 * 64);
  CHECK(first[1].stream != first[0].stream);
  CHECK(plan.calls[1].slice_count == 3);
  CHECK(hit_tokens(plan) == 2 * 64);
  CHECK(plan.calls[1].gap == Gap::tool);
  CHECK(plan.calls[1].gap_s == 4.0);
}

TEST_CASE("a sub-agent recorded at its end is moved back, and the wait for it is not counted as think time") {
  // Given a parent whose call 0 ends at 10 s, a sub-agent of span 50 s recorded at 62 s (its end), and the
  // parent's next call at 65 s with a think time of 55 s: then it began at 12 s, ended at 62 s, and 3 s are
  // left as a gap.
  const SessionPlan plan = plan_of_rows(
      "a,0,,-1,0,0,100,10,text,10,0,0,0,1\n"
      "a,0,,-1,1,65,200,10,tool_result,5,55,0,0,1-3\n"
      "a,1,Explore,0,0,62,100,10,text,20,0,0,0,10\n"
      "a,1,Explore,0,1,92,100,10,tool_result,20,10,0,0,10\n");
  REQUIRE(plan.agents.size() == 2);
  CHECK(plan.agents[1].spawn_call == 0);
  CHECK(plan.agents[1].spawn_delay_s == 2.0);
  CHECK(plan.agents[1].join_call == 1);
  CHECK(plan.calls[1].gap_s == 3.0);
  // Then with the recorded call times the session lasts what it did: 70 s.
  const double recorded_s[] = {10.0, 5.0, 20.0, 20.0};
  CHECK(critical_path_s(plan, [&](const SessionPlan& p, const Call& c) {
          return recorded_s[&c - p.calls.data()];
        }) == 70.0);
}

TEST_CASE(
    "a background sub-agent begins when it was recorded and is joined by the first call after its end") {
  // Given a sub-agent recorded right after its spawn whose span would put a shifted start before the spawn.
  const SessionPlan plan = plan_of_rows(
      "a,0,,-1,0,0,100,10,text,10,0,0,0,1\n"
      "a,0,,-1,1,20,100,10,tool_result,5,10,0,0,1\n"
      "a,0,,-1,2,90,100,10,text,5,65,0,0,1\n"
      "a,1,Explore,0,0,10.5,100,10,text,70,0,0,0,10\n");
  CHECK(plan.agents[1].spawn_delay_s == 0.5);
  CHECK(plan.agents[1].join_call == 2);
  CHECK(plan.calls[1].gap_s == 10.0);
  CHECK(plan.calls[2].gap_s == 9.5);  // 90 s - 80.5 s
  CHECK(plan.calls[2].gap == Gap::human);
}

TEST_CASE("a sub-agent that outlives its parent's calls is not joined") {
  const SessionPlan plan = plan_of_rows(
      "a,0,,-1,0,0,100,10,text,10,0,0,0,1\n"
      "a,0,,-1,1,20,100,10,tool_result,5,10,0,0,1\n"
      "a,1,Explore,0,0,10.5,100,10,text,70,0,0,0,10\n");
  CHECK(plan.agents[1].join_call == -1);
  CHECK(plan.calls[1].gap_s == 10.0);
}

TEST_CASE("think time behind a call without a duration is not counted twice") {
  // Given a timed pace of 1 s a token and an untimed call of 4 tokens at 20 s: it ends at 24 s, and the think
  // time of the next call, recorded from the end of call 0, becomes 6 s.
  const SessionPlan plan = plan_of_rows(
      "a,0,,-1,0,0,100,10,text,10,0,0,0,1\n"
      "a,0,,-1,1,20,100,4,tool_result,,10,0,0,1\n"
      "a,0,,-1,2,30,100,10,text,10,20,0,0,1\n");
  CHECK(plan.calls[1].gap_s == 10.0);
  CHECK(plan.calls[2].gap_s == 6.0);
}

TEST_CASE("a missing think time is taken from the clock and is never negative") {
  const SessionPlan plan = plan_of_rows(
      "a,0,,-1,0,0,100,10,text,10,0,0,0,1\n"
      "a,0,,-1,1,25,100,10,tool_result,10,,0,0,1\n"
      "a,0,,-1,2,30,100,10,tool_result,10,,0,0,1\n");
  CHECK(plan.calls[1].gap_s == 15.0);
  CHECK(plan.calls[2].gap_s == 0.0);
}

TEST_CASE("long gaps are cut, people's and tools' each to their own limit") {
  const SessionPlan plan = plan_of_rows(
      "a,0,,-1,0,0,100,10,text,10,0,0,0,1\n"
      "a,0,,-1,1,500,100,10,tool_result,10,490,0,0,1\n"
      "a,0,,-1,2,5000,100,10,text,10,4490,0,0,1\n",
      ", max_tool_gap: 1 min, max_human_gap: 2 min");
  CHECK(plan.calls[1].gap_s == 60.0);
  CHECK(plan.calls[2].gap_s == 120.0);
}

TEST_CASE("rows of agents may stand mixed") {
  const std::string sorted =
      "a,0,,-1,0,0,100,10,text,10,0,0,0,1\n"
      "a,0,,-1,1,65,200,10,tool_result,5,55,0,0,1-3\n"
      "a,1,Explore,0,0,62,100,10,text,20,0,0,0,10\n"
      "a,1,Explore,0,1,92,100,10,tool_result,20,10,0,0,10\n";
  const std::string mixed =
      "a,0,,-1,0,0,100,10,text,10,0,0,0,1\n"
      "a,1,Explore,0,1,92,100,10,tool_result,20,10,0,0,10\n"
      "a,0,,-1,1,65,200,10,tool_result,5,55,0,0,1-3\n"
      "a,1,Explore,0,0,62,100,10,text,20,0,0,0,10\n";
  CHECK(fingerprint_of(plan_of_rows(sorted)) == fingerprint_of(plan_of_rows(mixed)));
}

TEST_CASE("sessions share nothing, a session played again included, unless prefixes are said to be shared") {
  const TestFolder folder;
  const std::string rows =
      "a,0,,-1,0,0,300,10,text,10,0,100,60,1-4\n"
      "a,0,,-1,1,20,300,10,tool_result,10,5,100,60,1;7-9\n"
      "b,0,,-1,0,0,300,10,text,10,0,100,60,1-4\n";
  const std::string file = folder.write("t.csv", kHeader + rows);
  const Workload apart = make_workload(replay(file, "", "sessions: 4\n"));
  std::set<uint64_t> streams;
  size_t slices = 0;
  for (size_t i = 0; i < 4; ++i) {
    const SessionPlan plan = apart.plan(i);
    std::set<uint64_t> own;
    for (const Slice& slice : plan.slices) own.insert(slice.stream);
    streams.insert(own.begin(), own.end());
    slices += own.size();
  }
  CHECK(streams.size() == slices);
  CHECK(apart.plan(2).name == "a+1");

  const Workload together = make_workload(replay(file, ", shared_prefix: on", "sessions: 4\n"));
  const SessionPlan first = together.plan(0);
  CHECK(first.slices[0].stream == together.plan(1).slices[0].stream);
  CHECK(first.slices[0].end == 128);                          // floor((100 + 60) / 64) blocks
  CHECK(first.slices[first.calls[1].first_slice].end == 64);  // its second block is another one
  CHECK(hit_tokens(first) == hit_tokens(apart.plan(0)));
  validate(first);
}

TEST_CASE("a shuffled trace is a permutation of itself") {
  const std::string file = "scenarios/traces/claude_code_533_sessions.csv.gz";
  const Workload workload = make_workload(replay(file, ", order: shuffled"));
  std::set<std::string> names;
  for (size_t i = 0; i < workload.sessions(); ++i) names.insert(workload.plan(i).name);
  CHECK(names.size() == 533);
  CHECK(workload.plan(0).name != "1");
}

TEST_CASE("a resampled trace draws sessions with replacement and each copy is another user") {
  const std::string file = "scenarios/traces/claude_code_533_sessions.csv.gz";
  const Workload workload = make_workload(replay(file, ", order: resampled"));
  std::map<std::string, size_t> first;
  size_t repeats = 0;
  for (size_t i = 0; i < workload.sessions(); ++i) {
    const SessionPlan plan = workload.plan(i);
    const auto [at, is_new] = first.emplace(plan.name, i);
    if (is_new) continue;
    ++repeats;
    CHECK(workload.plan(at->second).calls.size() == plan.calls.size());
    CHECK(workload.plan(at->second).slices[0].stream != plan.slices[0].stream);
  }
  // Of n draws with replacement about n / e never come up: 196 +- 4 sigma of about 11.
  CHECK(repeats > 150);
  CHECK(repeats < 240);
}

TEST_CASE("wrong values are told with line and column, all at once") {
  CHECK(errors_of_rows("a,0,,-1,0,0,100,-5,text,10,0,0,0,1\n"
                       "a,0,,-1,1,nan,100,7,image,10,0,0,0,1\n"
                       "a,0,,-1,2,0,100,7,text,10,0,0,0,3-2\n"
                       "a,0,,-1,3,0,100,7,text,10,-1,0,0,1-2\n") ==
        "t.csv:2:17: out_tok is negative\n    2 | a,0,,-1,0,0,100,-5,text,10,0,0,0,1\n"
        "      |                 ^~\n"
        "t.csv:3:11: t_s is not a number: 'nan'\n    3 | a,0,,-1,1,nan,100,7,image,10,0,0,0,1\n"
        "      |           ^~~\n"
        "t.csv:3:21: input must be text or tool_result, not 'image'\n    3 | "
        "a,0,,-1,1,nan,100,7,image,10,0,0,0,1\n"
        "      |                     ^~~~~\n"
        "t.csv:4:33: blocks64 is not a list of block ranges such as '1-20;25'\n"
        "    4 | a,0,,-1,2,0,100,7,text,10,0,0,0,3-2\n"
        "      |                                 ^~~\n"
        "t.csv:5:27: think_s is negative\n    5 | a,0,,-1,3,0,100,7,text,10,-1,0,0,1-2\n"
        "      |                           ^~\n"
        "t.csv:5:34: blocks64 holds 128 tokens, more than in_tok 100\n"
        "    5 | a,0,,-1,3,0,100,7,text,10,-1,0,0,1-2\n"
        "      |                                  ^~~");
}

TEST_CASE("a tree that does not hang together is told by line") {
  CHECK(errors_of_rows("a,0,,-1,0,0,100,5,text,10,0,0,0,1\n"
                       "a,0,,-1,2,0,100,5,text,10,0,0,0,1\n"
                       "a,1,X,9,0,0,100,5,text,10,0,0,0,1\n"
                       "b,1,X,0,0,0,100,5,text,10,0,0,0,1\n") ==
        "t.csv: line 3: call 2 of agent 0 stands where call 1 is due\n"
        "t.csv: line 4: spawn_after_call 9 is not a call of agent 0, which has calls 0 to 1\n"
        "t.csv: line 5: agent 1 has no parent: the session lacks agent 0\n"
        "t.csv: line 5: spawn_after_call of the root agent must be -1");
  CHECK(errors_of_rows("a,0,,-1,0,0,100,5,text,10,0,0,0,1\n"
                       "b,0,,-1,0,0,100,5,text,10,0,0,0,1\n"
                       "a,0,,-1,1,0,100,5,text,10,0,0,0,1\n") ==
        "t.csv:4:1: session 'a' comes back: the rows of a session must stand together\n"
        "    4 | a,0,,-1,1,0,100,5,text,10,0,0,0,1\n      | ^");
}

TEST_CASE("a file that is not a trace is refused") {
  const TestFolder folder;
  CHECK(errors_of(replay(folder.write("t.csv", ""))) == "t.csv: is empty");
  CHECK(errors_of(replay(folder.write("t.csv", kHeader))) == "t.csv: has a header but no rows");
  CHECK(errors_of(replay(folder.write("t.csv", "session,agent,agent_type,spawn_after\n"))) ==
        "t.csv: has no column 'spawn_after_call', did you mean 'spawn_after'?\n  valid: agent, agent_type, "
        "session, spawn_after");
  const std::string whole = gzipped(kHeader + "a,0,,-1,0,0,100,5,text,10,0,0,0,1\n");
  CHECK(errors_of(replay(folder.write("t.csv.gz", whole.substr(0, whole.size() / 2)))) ==
        "t.csv.gz: is not a complete gzip file (truncated or damaged)");
}

}  // namespace
}  // namespace agentsim::workload
