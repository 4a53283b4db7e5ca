#include "tests/workload/role_presets.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "sim/config/library.hpp"
#include "sim/workload/plan_graph.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

Workload preset(const std::string& file, int sessions) {
  return make_workload(
      fmt::format("sessions: {}\nsource: roles\nroles: {{file: {}, root: {}}}\n"
                  "arrival: {{kind: closed, concurrency: 1}}\n",
                  sessions, file, kPresets.at(file)));
}

// Means over sessions, and shares of tokens.
struct Measure {
  double calls = 0, agents = 0, turns = 0, tools = 0, prompt = 0, output = 0, hits = 0, sessions = 0;

  explicit Measure(const std::string& file, int count) {
    const Workload workload = preset(file, count);
    for (size_t i = 0; i < workload.sessions(); ++i) {
      const SessionPlan plan = workload.plan(i);
      calls += static_cast<double>(plan.calls.size());
      agents += static_cast<double>(plan.agents.size());
      turns += 1.0;
      for (const Call& call : plan.calls) {
        turns += call.gap == Gap::human ? 1.0 : 0.0;
        tools += call.gap == Gap::tool ? 1.0 : 0.0;
        prompt += call.prompt_tokens;
        output += call.output_tokens;
      }
      hits += static_cast<double>(hit_tokens(plan));
    }
    sessions = count;
  }
};

doctest::Approx about(double value, double share) {
  return doctest::Approx(value).epsilon(share);
}

TEST_CASE("every role file is a preset that gives valid plans") {
  std::vector<std::string> known;
  for (const auto& [file, root] : kPresets) known.push_back(file);
  CHECK(config::Library::names("scenarios/roles") == known);
  for (const std::string& file : known) {
    CAPTURE(file);
    const Workload workload = preset(file, 20);
    for (size_t i = 0; i < workload.sessions(); ++i) validate(workload.plan(i));
  }
}

TEST_CASE("customer support has the calls and turns of tau-bench") {
  // 200 airline runs: means of exp(2.369 + 0.54^2 / 2) = 12.4 calls, 7.5 turns, 892 output tokens.
  const Measure m("customer_support", 3000);
  CHECK(m.calls / m.sessions == about(12.4, 0.1));
  CHECK(m.turns / m.sessions == about(7.5, 0.1));
  CHECK(m.output / m.sessions == about(892.0, 0.1));
}

TEST_CASE("the batch agent has the calls, outputs and hits of mini-swe-agent") {
  const Measure m("swe_batch", 1000);
  CHECK(m.calls / m.sessions == about(20.1, 0.15));
  CHECK(m.output / m.calls == about(113.8, 0.1));
  CHECK(m.hits / m.prompt == about(0.935, 0.03));
}

TEST_CASE("web tasks have the calls of Magentic-One") {
  const Measure m("web_multi_agent", 1000);
  CHECK(m.calls / m.sessions == about(29.8, 0.15));
}

TEST_CASE("deep research sends out three to five searchers at once") {
  const Workload workload = preset("deep_research", 500);
  for (size_t i = 0; i < workload.sessions(); ++i) {
    const SessionPlan plan = workload.plan(i);
    std::map<uint32_t, int> together;
    for (const Agent& agent : plan.agents)
      if (agent.parent == 0) ++together[agent.spawn_call];
    for (const auto& [call, count] : together) CHECK((count >= 3 && count <= 5));
  }
}

TEST_CASE("the general agent reads a hundred tokens for each that it writes, in some fifty tool calls") {
  const Measure m("general_agent", 1000);
  CHECK(m.tools / m.sessions == about(50.0, 0.15));
  CHECK(m.prompt / m.output == about(100.0, 0.2));
}

TEST_CASE("chat has the lengths and hits of the Mooncake conversations") {
  const Measure m("chat", 5000);
  CHECK(m.prompt / m.calls == about(12035.0, 0.15));
  CHECK(m.output / m.calls == about(342.6, 0.05));
  CHECK(m.hits / m.prompt == about(0.374, 0.2));
}

TEST_CASE("a builder of disposable software makes hundreds of calls in its hour at the speed of the traces") {
  // TraceLab: a generation takes 13.2 s on average.
  const Workload workload = preset("disposable_software", 50);
  double calls = 0;
  for (size_t i = 0; i < workload.sessions(); ++i) {
    const SessionPlan plan = workload.plan(i);
    CHECK(plan.agents[0].budget_s == 3600.0);
    const std::vector<double> starts =
        call_starts_s(plan, [](const SessionPlan&, const Call&) { return 13.2; });
    calls += static_cast<double>(
        std::count_if(starts.begin(), starts.end(), [](double start) { return std::isfinite(start); }));
  }
  CHECK(calls / 50.0 > 100.0);
  CHECK(calls / 50.0 < 400.0);
}

TEST_CASE("role files take over others, and a name stands for one thing only") {
  const std::string before = "sessions: 1\nsource: roles\nroles: {root: chat, file: {include: [";
  const std::string after = "]}}\narrival: {kind: closed, concurrency: 1}\n";
  const Workload workload = make_workload(before + "chat, swe_batch" + after);
  CHECK(workload.names().roles == std::vector<std::string>{"chat", "swe_agent"});
  CHECK(errors_of(before + "chat, chat" + after).find("the role 'chat' stands in another file too") !=
        std::string::npos);
  CHECK(errors_of(before + "caht" + after).find("did you mean 'chat'?") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::workload
