#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace agentsim::workload {

// Tokens [begin, end) of a token stream. A stream is an endless sequence of tokens with one identity: a
// role's system prefix, an agent's own context, a block table of a trace. Two prompts share exactly the
// leading tokens whose (stream, position) agree, so prefix reuse is exact inside a session, across sub-agents
// and across sessions. A sub-agent that inherits its parent's context begins with its parent's slices.
struct Slice {
  uint64_t stream = 0;
  uint32_t begin = 0;
  uint32_t end = 0;

  uint32_t tokens() const { return end - begin; }
};

// What an agent does before a call.
enum class Gap : uint8_t {
  none,
  tool,   // tools run
  human,  // a person reads, thinks and types: a human turn begins
};

// What a call is for.
enum class Purpose : uint8_t {
  step,     // a step of the agent's work
  summary,  // writes the summary that replaces a context at its limit
  failed,   // its reply is of no use; the agent asks again
};

// Work outside the model before a call. With a resource it queues there first and then takes `service_s`.
struct Tool {
  uint16_t name = 0;      // index into PlanNames::tools
  int16_t resource = -1;  // index into PlanNames::resources; -1: nobody contends for it
  bool parallel = false;  // starts with the tool before it; otherwise when all before it have ended
  double service_s = 0.0;
};

// One LLM request. Its prompt is SessionPlan::slices[first_slice, first_slice + slice_count), its tools are
// SessionPlan::tools[first_tool, first_tool + tool_count).
struct Call {
  uint32_t first_slice = 0;
  uint32_t slice_count = 0;
  uint32_t prompt_tokens = 0;  // the sum of the slices, >= 1
  uint32_t output_tokens = 1;  // >= 1
  // The identity of the generated tokens: they are [output_begin, output_begin + output_tokens) of this
  // stream.
  uint64_t output_stream = 0;
  uint32_t output_begin = 0;
  uint32_t reasoning_tokens = 0;  // of the output, the first ones, <= output_tokens
  uint32_t first_tool = 0;
  uint16_t tool_count = 0;
  Gap gap = Gap::none;
  Purpose purpose = Purpose::step;
  // After all that the call waits for has ended (the agent's previous call, the agents it joins, its
  // messages); then its tools begin. Both count as what `gap` says.
  double gap_s = 0.0;
};

// A loop of calls with one growing context: SessionPlan::calls[first_call, first_call + call_count).
struct Agent {
  uint32_t first_call = 0;
  uint32_t call_count = 0;     // >= 1
  uint16_t role = 0;           // index into PlanNames::roles
  int16_t deployment = -1;     // index into PlanNames::deployments; -1: the scenario's first
  int32_t parent = -1;         // index into SessionPlan::agents, smaller than its own; -1: the root agent
  uint32_t spawn_call = 0;     // starts when the parent's call of this number (from 0) has ended ...
  double spawn_delay_s = 0.0;  // ... and this much later
  int32_t join_call = -1;   // the parent's call of this number waits for it; -1: only the session's end does
  int32_t join_group = -1;  // index into SessionPlan::join_groups; -1: its parent waits for it whatever
  // Wall-clock budget: at its first call to end so long after the agent's start it ends, whatever is left.
  double budget_s = std::numeric_limits<double>::infinity();
};

// Agents of one parent that are joined together: all have the same parent and join_call. The call waits until
// `needed` of them have ended; then the others are cancelled with all that they have spawned.
struct JoinGroup {
  uint32_t needed = 1;  // 1: any; less than its agents: a quorum
};

// From one live agent to another, which is neither its parent nor its child by need: the call `reader` starts
// when the call `sender` has ended (or its agent has). Both are indices into SessionPlan::calls, of two
// agents.
struct Message {
  uint32_t sender = 0;
  uint32_t reader = 0;
};

// One session: a tree of agents drawn before time runs, the same on every platform. agents[0] is the root.
struct SessionPlan {
  uint64_t index = 0;                        // place in the workload
  std::string name;                          // the trace's own name for it, or the index
  std::optional<double> recorded_arrival_s;  // from the start of the trace, where a trace tells
  std::vector<Agent> agents;
  std::vector<Call> calls;
  std::vector<Slice> slices;
  std::vector<Tool> tools;
  std::vector<JoinGroup> join_groups;
  std::vector<Message> messages;  // by reader, then sender
};

// What the numbers in a source's plans stand for.
struct PlanNames {
  std::vector<std::string> roles;
  std::vector<std::string> tools;
  std::vector<std::string> resources;    // of the scenario, that tools queue for
  std::vector<std::string> deployments;  // of the scenario
};

}  // namespace agentsim::workload
