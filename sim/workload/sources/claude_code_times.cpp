#include "sim/workload/sources/claude_code_times.hpp"

#include <algorithm>

namespace agentsim::workload {
namespace {

constexpr double kGrace_s = 2.0;  // most recorded times have steps of 1 s

double end_s(const TraceCall& call) {
  return call.start_s + call.api_s;
}

// Fills in the spawn and the join of a sub-agent. Returns when it truly ended.
double place_sub_agent(const TraceCall* parent_calls, uint32_t parent_count, const TraceCall* calls,
                       uint32_t count, Agent& agent, TimeCounts& counts) {
  double span_s = 0.0;
  for (uint32_t i = 0; i < count; ++i) span_s = std::max(span_s, end_s(calls[i]) - calls[0].start_s);
  agent.parent = 0;
  agent.spawn_call = static_cast<uint32_t>(calls[0].spawn_after_call);
  const double spawned_s = end_s(parent_calls[agent.spawn_call]);
  double start_s = calls[0].start_s;
  ++counts.sub_agents;
  if (start_s - span_s >= spawned_s - kGrace_s) {
    start_s -= span_s;
    ++counts.moved_back;
  }
  agent.spawn_delay_s = std::max(0.0, start_s - spawned_s);
  for (uint32_t i = agent.spawn_call + 1; i < parent_count && agent.join_call < 0; ++i)
    if (parent_calls[i].start_s >= start_s + span_s - kGrace_s) agent.join_call = static_cast<int32_t>(i);
  if (agent.join_call < 0) ++counts.never_joined;
  return start_s + span_s;
}

// `joined_s`: when the last of the agents that this call waits for has ended; negative if it waits for none.
TimedGap find_gap(const TraceCall& before, const TraceCall& call, double joined_s, const GapLimits& limits,
                  TimeCounts& counts) {
  TimedGap gap;
  gap.kind = call.is_text ? Gap::human : Gap::tool;
  const bool use_think = joined_s < 0.0 && call.think_s && before.is_timed;
  gap.seconds = use_think ? *call.think_s : std::max(0.0, call.start_s - std::max(end_s(before), joined_s));
  if (call.think_s && !before.is_timed) ++counts.untrusted_think;
  const double limit_s = call.is_text ? limits.human_s : limits.tool_s;
  if (gap.seconds > limit_s) {
    gap.seconds = limit_s;
    ++(call.is_text ? counts.cut_human_gaps : counts.cut_tool_gaps);
  }
  return gap;
}

}  // namespace

SessionTimes recover_times(const TraceFile& file, const TraceSession& session, const GapLimits& limits,
                           TimeCounts& counts) {
  SessionTimes times;
  const TraceAgent& root = session.agents.front();
  const TraceCall* root_calls = &file.calls[root.first_call];
  std::vector<double> joined_s(root.call_count, -1.0);
  uint32_t total = 0;
  for (const TraceAgent& recorded : session.agents) {
    const TraceCall* calls = &file.calls[recorded.first_call];
    Agent& agent = times.agents.emplace_back();
    agent.first_call = total;
    agent.call_count = recorded.call_count;
    agent.role = calls[0].role;
    total += recorded.call_count;
    if (times.agents.size() == 1) continue;
    const double ended_s =
        place_sub_agent(root_calls, root.call_count, calls, recorded.call_count, agent, counts);
    if (agent.join_call >= 0) {
      double& joined = joined_s[static_cast<size_t>(agent.join_call)];
      joined = std::max(joined, ended_s);
    }
  }
  times.gaps.reserve(total);
  for (const TraceAgent& recorded : session.agents) {
    const TraceCall* calls = &file.calls[recorded.first_call];
    const bool is_root = &recorded == &root;
    times.gaps.emplace_back();
    for (uint32_t i = 1; i < recorded.call_count; ++i)
      times.gaps.push_back(find_gap(calls[i - 1], calls[i], is_root ? joined_s[i] : -1.0, limits, counts));
  }
  return times;
}

}  // namespace agentsim::workload
