#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/fitting/session_facts.hpp"

namespace agentsim::fitting {

// Agents that are more alike than others.
struct AgentClass {
  std::map<std::string, double> bounds;  // "longest prompt <=" -> 197017
  std::vector<size_t> members;           // indices

  std::string description() const;
};

// Splits agents into at most `most` classes of at least `least` each, by a tree: the split that most reduces
// the variance of four figures comes next. They are the logarithms of calls, first prompt, longest prompt and
// mean new tokens of a call, each divided by its deviation, the longest prompt counted twice because the size
// of the context window divides a load most clearly. Agents weigh by the root of their calls.
std::vector<AgentClass> split_agents(const std::vector<const AgentFacts*>& agents, size_t most, size_t least);

}  // namespace agentsim::fitting
