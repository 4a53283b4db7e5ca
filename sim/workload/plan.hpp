#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace agentsim::workload {

// Tokens [begin, end) of a token stream. A stream is an endless sequence of tokens with one identity: a
// role's system prefix, an agent's own context, a block table of a trace. Two prompts share exactly the
// leading tokens whose (stream, position) agree, so prefix reuse is exact inside a session, across sub-agents
// and across sessions.
struct Slice {
  uint64_t stream = 0;
  uint32_t begin = 0;
  uint32_t end = 0;

  uint32_t tokens() const { return end - begin; }
};

// What an agent does before a call.
enum class Gap : uint8_t {
  none,
  tool,   // a tool runs
  human,  // a person reads, thinks and types: a human turn begins
};

// One LLM request. Its prompt is SessionPlan::slices[first_slice, first_slice + slice_count).
struct Call {
  uint32_t first_slice = 0;
  uint32_t slice_count = 0;
  uint32_t prompt_tokens = 0;  // the sum of the slices, >= 1
  uint32_t output_tokens = 1;  // >= 1
  // The identity of the generated tokens: they are [output_begin, output_begin + output_tokens) of this
  // stream.
  uint64_t output_stream = 0;
  uint32_t output_begin = 0;
  Gap gap = Gap::none;
  double gap_s = 0.0;  // after the agent's previous call and the agents that this call joins have ended
};

// A loop of calls with one growing context: SessionPlan::calls[first_call, first_call + call_count).
struct Agent {
  uint32_t first_call = 0;
  uint32_t call_count = 0;     // >= 1
  uint16_t role = 0;           // index into Workload::roles()
  int32_t parent = -1;         // index into SessionPlan::agents, smaller than its own; -1: the root agent
  uint32_t spawn_call = 0;     // starts when the parent's call of this number (from 0) has ended ...
  double spawn_delay_s = 0.0;  // ... and this much later
  int32_t join_call = -1;  // the parent's call of this number waits for it; -1: only the session's end does
};

// One session: a tree of agents drawn before time runs, the same on every platform. agents[0] is the root.
struct SessionPlan {
  uint64_t index = 0;                        // place in the workload
  std::string name;                          // the trace's own name for it, or the index
  std::optional<double> recorded_arrival_s;  // from the start of the trace, where a trace tells
  std::vector<Agent> agents;
  std::vector<Call> calls;
  std::vector<Slice> slices;
};

}  // namespace agentsim::workload
