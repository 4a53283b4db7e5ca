#include "sim/workload/plan_text.hpp"

#include <doctest/doctest.h>

#include "tests/workload/role_sessions.hpp"

namespace agentsim::workload {
namespace {

const char* const kRoles =
    "boss: {prefix: 100, first_prompt: 50, steps_per_turn: 2, new_tokens: 7, output: 10, reasoning: 4, "
    "tool_calls: 2, tools: [{name: web, duration: 3 s, resource: api}], spawn: [{role: help, probability: 1, "
    "count: 2, join: any}]}, help: {first_prompt: 20, new_tokens: 1, output: 5, tool: 2 s, steps_per_turn: "
    "2, "
    "time_budget: 1 min, returns: 9, messages: [{from: help, probability: 1, tokens: 2}]}";

TEST_CASE("a plan is shown as a tree of agents under the calls that spawn them") {
  const Workload workload = make_workload(sessions_of(kRoles, "boss"));
  CHECK(plan_text(workload.plan(0), workload.names(), true) ==
        "session 0 '0': 3 agents, 6 calls, 426 prompt and 48 output tokens; tools and people take at least 2 "
        "s\n"
        "  agent 0 boss: 2 calls in 1 turn, prompts of 150 to 180 tokens, 28 output\n"
        "    call 0: 150 in, 14 out, 4 of them reasoning\n"
        "    agent 1 help: 2 calls in 1 turn, prompts of 20 to 28 tokens, 10 output, within 60 s; spawned by "
        "call 0, call 1 waits for it or others (1 of 2)\n"
        "      call 0: 20 in, 5 out\n"
        "      call 1: 28 in, 5 out, after 2 s of tools, reads call 0 of agent 2\n"
        "    agent 2 help: 2 calls in 1 turn, prompts of 20 to 28 tokens, 10 output, within 60 s; spawned by "
        "call 0, call 1 waits for it or others (1 of 2)\n"
        "      call 0: 20 in, 5 out\n"
        "      call 1: 28 in, 5 out, after 2 s of tools, reads call 0 of agent 1\n"
        "    call 1: 180 in, 14 out, 4 of them reasoning\n");
}

TEST_CASE("tools are shown with what they run on and beside each other") {
  const Workload workload = make_workload(
      sessions_of("a: {first_prompt: 50, steps_per_turn: 2, new_tokens: 7, output: 10, tool_calls: 2, tools: "
                  "[{name: web, duration: 3 s, resource: api}]}",
                  "a"));
  const std::string text = plan_text(workload.plan(0), workload.names(), true);
  CHECK(text.find("call 1: 67 in, 10 out, after 3 s of tools (web on api beside web on api)\n") !=
        std::string::npos);
}

TEST_CASE("a plan as a graph has a box for each agent and an edge for each wait") {
  const Workload workload = make_workload(sessions_of(kRoles, "boss"));
  const std::string dot = plan_dot(workload.plan(0), workload.names());
  CHECK(dot.find("digraph session_0 {\n") == 0);
  for (const char* edge : {"c0 -> c1 [label=\"tool 0 s\"]", "c0 -> c2 [style=dashed, label=\"spawn\"]",
                           "c3 -> c1 [label=\"1 needed\"]", "c5 -> c1 [label=\"1 needed\"]",
                           "c4 -> c3 [style=dotted, label=\"message\"]", "subgraph cluster_2 {"})
    CHECK(dot.find(edge) != std::string::npos);
}

}  // namespace
}  // namespace agentsim::workload
