#include "analysis/fitting/role_fit.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "analysis/fitting/measures.hpp"

namespace agentsim::fitting {
namespace {

using workload::Gap;

CallFacts call_of(uint32_t prompt, uint32_t output, uint32_t kept, Gap gap) {
  CallFacts call;
  call.prompt_tokens = prompt;
  call.output_tokens = output;
  call.kept_tokens = kept;
  call.gap = gap;
  return call;
}

// 10000, then 10000 + 50 + 450, then compacted to 3000 of which 1000 stood before, then 3000 + 20 + 80.
AgentFacts compacted_agent() {
  AgentFacts agent;
  agent.calls = {call_of(10000, 50, 0, Gap::none), call_of(10500, 60, 10000, Gap::tool),
                 call_of(3000, 20, 1000, Gap::human), call_of(3100, 30, 3000, Gap::tool)};
  return agent;
}

TEST_CASE("new tokens are what a prompt holds beyond the prompt and the output before it") {
  const std::vector<Growth> growths = growths_of(compacted_agent());
  REQUIRE(growths.size() == 2);
  CHECK(growths[0].call == 1);
  CHECK(growths[0].tokens == 450);
  CHECK(growths[1].call == 1);  // counted from the compaction
  CHECK(growths[1].tokens == 80);
}

TEST_CASE("a compaction is fitted with its length, size and what it kept") {
  const AgentFacts agent = compacted_agent();
  const FittedRole role = fit_role({&agent}, {});
  REQUIRE(role.changes.size() == 1);
  CHECK(role.changes[0].above.at(0.5) == 10500);
  CHECK(role.changes[0].size.at(0.5) == doctest::Approx(3000.0 / 10560.0));
  CHECK(role.changes[0].kept.at(0.5) == doctest::Approx(1.0 / 3.0));
  CHECK(role.calls.at(0.5) == 4);
  CHECK(role.first_prompt.at(0.5) == 10000);
  CHECK(role.turns == std::vector<double>{2, 2});
}

TEST_CASE("the growth of first calls is found") {
  // 100 tokens times 1 + 8 k^-1 before call k of 40, in 30 agents.
  std::vector<AgentFacts> agents(30);
  for (AgentFacts& agent : agents) {
    double prompt = 1000;
    agent.calls.push_back(call_of(1000, 1, 0, Gap::none));
    for (int k = 1; k < 40; ++k) {
      const auto before = static_cast<uint32_t>(prompt);
      prompt += 1.0 + std::round(100.0 * (1.0 + 8.0 / k));
      agent.calls.push_back(call_of(static_cast<uint32_t>(prompt), 1, before, Gap::tool));
    }
  }
  std::vector<const AgentFacts*> pointers;
  for (const AgentFacts& agent : agents) pointers.push_back(&agent);
  const FittedRole role = fit_role(pointers, {});
  // Late calls are not quite at 100: 1 + 8/k is 1.3 in the mean over calls 17 to 39, so that 900 is 6.9 times
  // that and 100 (1 + 8/k) is 1 + 5.9 k^-1.2 of it, about.
  CHECK(role.early_first == doctest::Approx(6.9).epsilon(0.02));
  CHECK(role.early_decay > 1.0);
  CHECK(role.early_decay < 1.4);
}

TEST_CASE("a spawn rule gives back the spawners and the spawns it was solved for") {
  // 40 agents of 50 calls, 10 of which spawned 25 times together.
  const FittedSpawn rule = solve_spawn(std::vector<double>(40, 50.0), 10, 25);
  const double ever = 1.0 - std::pow(1.0 - rule.probability, 50.0);
  CHECK(rule.agents * ever * 40 == doctest::Approx(10));
  CHECK(rule.agents * rule.probability * 50 * 40 == doctest::Approx(25));
}

TEST_CASE("percentiles lie between order statistics") {
  const Measure measure{"", "", {0, 10, 20, 30, 40}};
  CHECK(measure.percentile(50) == 20);
  CHECK(measure.percentile(90) == doctest::Approx(36));
  CHECK(measure.percentile(99) == doctest::Approx(39.6));
}

TEST_CASE("nothing against something is an endless error, nothing against nothing none") {
  CHECK(std::isinf(Difference{"", "", 99, 0.0, 1.0, 0.2}.error()));
  CHECK(Difference{"", "", 99, 0.0, 0.0, 0.2}.error() == 0.0);
  CHECK(Difference{"", "", 50, 10.0, 10.9, 0.1}.is_within());
  CHECK_FALSE(Difference{"", "", 50, 10.0, 11.1, 0.1}.is_within());
}

}  // namespace
}  // namespace agentsim::fitting
