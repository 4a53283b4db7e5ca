#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/workload/plan.hpp"
#include "sim/workload/prefix_reuse.hpp"

namespace agentsim::fitting {

struct CallFacts {
  uint32_t prompt_tokens = 0;
  uint32_t output_tokens = 0;
  uint32_t new_tokens =
      0;  // of the prompt, not found by a cache of the session without limits, in blocks of 64
  uint32_t kept_tokens = 0;  // leading tokens that the agent's previous prompt has too; 0 for its first call
  uint16_t joined = 0;       // agents that it waits for
  workload::Gap gap = workload::Gap::none;
  double gap_s = 0.0;  // without waiting for agents
};

struct AgentFacts {
  uint16_t role = 0;
  int32_t parent = -1;  // index of an agent of the session; -1: the root
  uint32_t depth = 0;   // of the root: 0
  uint32_t spawn_call = 0;
  bool is_joined = false;
  uint32_t shared_tokens = 0;  // front of its first prompt that an earlier agent like it began with
  std::vector<CallFacts> calls;

  uint32_t longest_prompt() const;
};

// What a session's plan says about its agents' habits. agents[0] is the root.
struct SessionFacts {
  std::vector<AgentFacts> agents;

  uint64_t calls() const;
};

// Turns plans into facts, in their order. Agents are alike if both are roots of sessions, or of one role and
// one session.
class FactsReader {
 public:
  FactsReader();
  SessionFacts read(const workload::SessionPlan& plan);

 private:
  workload::PrefixReuse session_;
  workload::PrefixReuse roots_;
};

}  // namespace agentsim::fitting
