#include "analysis/fitting/agent_classes.hpp"

#include <doctest/doctest.h>

namespace agentsim::fitting {
namespace {

// Its context grows by 100 tokens a call.
AgentFacts agent_of(uint32_t first_prompt, uint32_t calls) {
  AgentFacts agent;
  for (uint32_t i = 0; i < calls; ++i) {
    CallFacts& call = agent.calls.emplace_back();
    call.prompt_tokens = first_prompt + 110 * i;
    call.output_tokens = 10;
    call.kept_tokens = i > 0 ? call.prompt_tokens - 110 : 0;
    call.gap = i > 0 ? workload::Gap::tool : workload::Gap::none;
  }
  return agent;
}

TEST_CASE("agents with short and with long contexts are told apart") {
  std::vector<AgentFacts> agents;
  for (uint32_t i = 0; i < 30; ++i) agents.push_back(agent_of(10000 + 10 * i, 20));
  for (uint32_t i = 0; i < 50; ++i) agents.push_back(agent_of(200000 + 100 * i, 20));
  std::vector<const AgentFacts*> pointers;
  for (const AgentFacts& agent : agents) pointers.push_back(&agent);
  const std::vector<AgentClass> classes = split_agents(pointers, 2, 20);
  REQUIRE(classes.size() == 2);
  CHECK(classes[0].members.size() == 30);
  CHECK(classes[1].members.size() == 50);
  CHECK(classes[1].members.front() == 30);
}

TEST_CASE("no class is smaller than the least") {
  std::vector<AgentFacts> agents;
  for (uint32_t i = 0; i < 95; ++i) agents.push_back(agent_of(1000 + 500 * i, 2 + i % 17));
  std::vector<const AgentFacts*> pointers;
  for (const AgentFacts& agent : agents) pointers.push_back(&agent);
  const std::vector<AgentClass> classes = split_agents(pointers, 10, 20);
  CHECK(classes.size() <= 4);
  size_t sum = 0;
  for (const AgentClass& part : classes) {
    CHECK(part.members.size() >= 20);
    sum += part.members.size();
  }
  CHECK(sum == 95);
}

TEST_CASE("agents that are all alike are one class") {
  const AgentFacts one = agent_of(1000, 5);
  CHECK(split_agents(std::vector<const AgentFacts*>(100, &one), 10, 20).size() == 1);
}

}  // namespace
}  // namespace agentsim::fitting
