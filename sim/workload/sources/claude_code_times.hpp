#pragma once

#include <cstddef>
#include <vector>

#include "sim/workload/plan.hpp"
#include "sim/workload/sources/claude_code_rows.hpp"

namespace agentsim::workload {

struct GapLimits {
  double tool_s = 0.0;
  double human_s = 0.0;
};

// What the reading of recorded times had to decide, over all sessions.
struct TimeCounts {
  size_t sub_agents = 0;
  size_t moved_back = 0;  // sub-agents whose times were those of their end
  size_t never_joined = 0;
  size_t untrusted_think = 0;  // think_s that counts an untimed call again
  size_t cut_tool_gaps = 0;
  size_t cut_human_gaps = 0;
};

struct TimedGap {
  Gap kind = Gap::none;
  double seconds = 0.0;
};

// A session's agents with their spawns and joins, and the gap before each call; `calls` of the agents count
// from 0 in the session, in the order of the file.
struct SessionTimes {
  std::vector<Agent> agents;
  std::vector<TimedGap> gaps;
};

// Turns the clock readings of one session into gaps and joins that hold on any platform:
// - think_s is the client's delay since the end of the last *timed* call, so behind an untimed call it also
// counts
//   that call and the gap before it. There the gap is t_s minus the estimated end of the previous call.
// - A sub-agent's t_s are mostly shifted by its own span: t_s of its first call lies where it ended, just
// before the
//   parent goes on. It began at t_s - span if that is not before its spawn (2 s of grace), else at t_s.
// - The parent waits for a sub-agent at its first call after the spawn that begins when the sub-agent has
// ended (2 s
//   of grace). That wait is no gap: the gap of a call that joins begins at the last end of what it waits for.
SessionTimes recover_times(const TraceFile& file, const TraceSession& session, const GapLimits& limits,
                           TimeCounts& counts);

}  // namespace agentsim::workload
