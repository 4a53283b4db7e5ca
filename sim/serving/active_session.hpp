#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/network/event_queue.hpp"
#include "sim/serving/records.hpp"
#include "sim/serving/request.hpp"
#include "sim/workload/plan.hpp"

namespace agentsim::serving {

// A session that has begun: its plan, and how far each of its agents is.
struct ActiveSession {
  static constexpr uint32_t kNone = 0xffffffffU;

  // Why a call started when it did: the end of another call, and what passed after it.
  struct Cause {
    uint32_t call = kNone;  // index into the plan's calls; none: the session's arrival
    double tool_s = 0.0;
    double tool_queue_s = 0.0;
    double human_s = 0.0;
  };
  struct AgentState {
    enum class Phase : uint8_t {
      unborn,   // its parent has not come to the call that spawns it
      delayed,  // spawned, and begins later
      waiting,  // for sub-agents or messages
      gap,      // a gap passes, or tools that nobody contends for
      tools,    // tools of `running_tools`
      calling,  // `request` is under way
      over,     // ended, cancelled, or never to begin
    };
    Phase phase = Phase::unborn;
    uint32_t next_call = 0;  // calls that have ended
    uint32_t next_tool = 0;  // of the next call
    double started_s = 0.0;
    double stage_s = 0.0;    // when the tools that run now were asked for
    network::EventId event;  // of `delayed` and `gap`
    Request* request = nullptr;
    Cause cause;  // of the next call
    std::vector<uint32_t> running_tools;
  };

  std::shared_ptr<const workload::SessionPlan> plan;
  std::vector<AgentState> agents;
  std::vector<CallRecord> records;  // by call of the plan
  std::vector<Cause> causes;
  std::vector<uint32_t> first_child;  // of each agent, in `children`, and one more
  std::vector<uint32_t> children;
  std::vector<uint32_t> group_ended;  // agents of each join group
  std::vector<uint32_t> to_look_at;   // agents that may go on
  SessionRecord session;
  uint64_t user = 0;
  uint32_t live_agents = 0;                           // that are not over
  uint32_t ended_call = kNone;                        // whose reply is being handled
  std::vector<std::optional<uint32_t>> last_replica;  // by gateway

  void begin(std::shared_ptr<const workload::SessionPlan> drawn);
  bool is_over(uint32_t agent) const { return agents[agent].phase == AgentState::Phase::over; }
  // The agent that makes a call of the plan.
  uint32_t agent_of(uint32_t call) const;
  // Those whom the agent may have held up are looked at again, now that it is over.
  void leave(uint32_t agent);
  // Whether the agent's next call waits for others.
  bool is_held(uint32_t agent) const;
  // Fills the record from the calls that have ended, and says which they are.
  std::vector<CallRecord> close();
};

}  // namespace agentsim::serving
