#pragma once

#include <string>
#include <vector>

#include "analysis/fitting/session_facts.hpp"

namespace agentsim::fitting {

// One figure of a load, of every session or call that has it.
struct Measure {
  std::string name;
  std::string unit;
  std::vector<double> values;  // sorted

  // Linear between order statistics; 0 without values.
  double percentile(double percent) const;
};

// Calls of a session, sub-agents of it, share of its prompt tokens found in blocks of 64 tokens; of its root,
// the first prompt and the calls of each human turn; of all calls, tokens of the prompt, new ones, output,
// and the gaps of tools and people. Gaps of calls that wait for agents are left out.
std::vector<Measure> measures_of(const std::vector<const SessionFacts*>& sessions);

// Calls of each human turn of an agent.
std::vector<double> turns_of(const AgentFacts& agent);

// A percentile of one measure in two loads.
struct Difference {
  std::string measure;
  std::string unit;
  double percent = 0.0;
  double wanted = 0.0;
  double found = 0.0;
  double limit = 0.0;  // of the error: 10 % up to P90, 20 % above

  double error() const;  // |found / wanted - 1|; infinite where only `wanted` is 0
  bool is_within() const { return error() <= limit; }
};
// At P25, P50, P75, P90, P95 and P99 of each measure that `wanted` has values of.
std::vector<Difference> differences(const std::vector<Measure>& wanted, const std::vector<Measure>& found);

}  // namespace agentsim::fitting
