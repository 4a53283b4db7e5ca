#pragma once

#include <string>
#include <vector>

#include "analysis/fitting/curve.hpp"
#include "analysis/fitting/session_facts.hpp"
#include "analysis/fitting/threshold.hpp"

namespace agentsim::fitting {

// New tokens before an agent's call, beyond the prompt and the output before. `call` counts from the agent's
// first, or from the last that follows a compaction, which are 0. Calls whose context changed at its front,
// or that waited for agents, have none.
struct Growth {
  size_t call = 0;
  bool is_human = false;
  double tokens = 0.0;
};
std::vector<Growth> growths_of(const AgentFacts& agent);

// A fitted context change (sim/workload/sources/role_habits.hpp).
struct FittedChange {
  std::string comment;
  double probability = 1.0;
  Curve above{0.0};
  Curve size{1.0};
  Curve kept{0.0};
  bool restarts = false;
};

// A fitted spawn rule of a role. `agents` of its agents may spawn, each then with `probability` a call.
struct FittedSpawn {
  std::string role;
  double probability = 0.0;
  double agents = 1.0;
  Curve count{1.0};
  uint32_t depth = 1;
  bool is_joined = true;
};

// A role of scenarios/roles, as numbers.
struct FittedRole {
  std::string name;
  std::string comment;
  size_t agents = 0;
  uint64_t calls_seen = 0;
  uint32_t prefix = 0;
  Curve first_prompt, calls, steps_per_turn, new_tokens, human_tokens, output, tool, think, returns;
  double early_first = 1.0, early_decay = 1.5;
  uint32_t context_limit = 0;
  uint32_t compact_to = 0;
  std::vector<FittedChange> changes;
  std::vector<FittedSpawn> spawn;
  std::vector<double> turns;  // calls of each human turn, as recorded; sorted
};

// What a context shrinks to where a class of agents has no compaction of its own.
struct Compaction {
  Curve size{0.5};
  Curve kept{0.0};
};
Compaction compaction_of(const std::vector<const AgentFacts*>& agents);

// The habits of some agents, at least one; spawn rules and names are left empty.
FittedRole fit_role(const std::vector<const AgentFacts*>& agents, const Compaction& compaction);

// Solves for the two numbers of a spawn rule: if a share s of agents spawns with probability p after each of
// its n_i calls that a tool follows, s p sum n_i is `spawns` and s sum(1 - (1 - p)^n_i) is `spawners`.
FittedSpawn solve_spawn(const std::vector<double>& calls, double spawners, double spawns);

}  // namespace agentsim::fitting
