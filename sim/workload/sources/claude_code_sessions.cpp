#include "sim/workload/sources/claude_code_sessions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/units.hpp"
#include "sim/workload/plan_builder.hpp"

namespace agentsim::workload {
namespace {

// How many leading blocks two prompts share.
uint32_t common_blocks(const BlockRange* a, uint32_t a_count, const BlockRange* b, uint32_t b_count) {
  uint32_t common = 0;
  for (uint32_t i = 0; i < std::min(a_count, b_count) && a[i].first == b[i].first; ++i) {
    common += std::min(a[i].last, b[i].last) - a[i].first + 1;
    if (a[i].last != b[i].last) break;
  }
  return common;
}

}  // namespace

void ClaudeCodeSessions::add(const TraceFile& file) {
  roles_ = file.roles;
  const auto offset = static_cast<uint32_t>(ranges_.size());
  const size_t first_call = calls_.size();
  for (const TraceSession& session : file.sessions) store(file, session);
  for (size_t i = first_call; i < calls_.size(); ++i) calls_[i].first_range += offset;
  ranges_.insert(ranges_.end(), file.ranges.begin(), file.ranges.end());
  untimed_calls_ += file.untimed_calls;
  s_per_output_token_ = file.s_per_output_token;
}

void ClaudeCodeSessions::clear() {
  sessions_.clear();
  agents_.clear();
  calls_.clear();
  ranges_.clear();
}

void ClaudeCodeSessions::store(const TraceFile& file, const TraceSession& session) {
  const SessionTimes times =
      recover_times(file, session, {rules_.max_tool_gap_s, rules_.max_human_gap_s}, counts_);
  StoredSession& stored = sessions_.emplace_back();
  stored.name = session.name;
  stored.first_call = static_cast<uint32_t>(calls_.size());
  stored.call_count = static_cast<uint32_t>(times.gaps.size());
  stored.first_agent = static_cast<uint32_t>(agents_.size());
  stored.agent_count = static_cast<uint32_t>(times.agents.size());
  stored.tool_tokens = file.calls[session.agents.front().first_call].tool_tokens;
  stored.system_tokens = file.calls[session.agents.front().first_call].system_tokens;
  agents_.insert(agents_.end(), times.agents.begin(), times.agents.end());
  for (uint32_t i = 0; i < stored.call_count; ++i) {
    const TraceCall& call = file.calls[session.agents.front().first_call + i];
    if (call.output_tokens == 0) ++silent_calls_;
    calls_.push_back({call.first_range, call.range_count, call.prompt_tokens,
                      std::max(1U, call.output_tokens), times.gaps[i].kind, times.gaps[i].seconds});
  }
}

SessionPlan ClaudeCodeSessions::plan(size_t stored, uint64_t index) const {
  const StoredSession& session = sessions_[stored];
  SessionPlan plan;
  plan.name = session.name;
  const auto first_agent = agents_.begin() + session.first_agent;
  plan.agents.assign(first_agent, first_agent + session.agent_count);
  plan.calls.reserve(session.call_count);
  for (uint32_t i = 0; i < session.call_count; ++i) add_stored_call(plan, session, index, i);
  return plan;
}

void ClaudeCodeSessions::add_stored_call(SessionPlan& plan, const StoredSession& session, uint64_t index,
                                         uint32_t number) const {
  const StoredCall& stored = calls_[session.first_call + number];
  const BlockRange* ranges = &ranges_[stored.first_range];
  Call& call = add_call(plan);
  call.output_tokens = stored.output_tokens;
  call.output_stream = stream_id("trace output", index, number);
  call.gap = stored.gap;
  call.gap_s = stored.gap_s;
  uint32_t shared = rules_.shared_prefix ? shared_blocks(session, stored) : 0;
  extend(plan,
         {stream_id("trace prefix", session.tool_tokens, session.system_tokens), 0, shared * kTraceBlock});
  const uint64_t table = stream_id("trace blocks", index);
  for (uint32_t i = 0; i < stored.range_count; ++i) {
    const uint32_t skipped = std::min(shared, ranges[i].blocks());
    shared -= skipped;
    extend(plan, {table, (ranges[i].first + skipped) * kTraceBlock, (ranges[i].last + 1) * kTraceBlock});
  }
  const uint32_t tail = stored.prompt_tokens - plan.calls.back().prompt_tokens;
  extend(plan, {stream_id("trace tail", index, number), 0, tail});
}

// Leading blocks that are the session's tool and system prefix: those that are also in its first prompt.
uint32_t ClaudeCodeSessions::shared_blocks(const StoredSession& session, const StoredCall& call) const {
  const StoredCall& first = calls_[session.first_call];
  const uint32_t common = common_blocks(&ranges_[first.first_range], first.range_count,
                                        &ranges_[call.first_range], call.range_count);
  return std::min(common, (session.tool_tokens + session.system_tokens) / kTraceBlock);
}

void ClaudeCodeSessions::each_count(const std::function<void(size_t, const std::string&)>& count) const {
  const auto tell = [&](size_t number, const std::string& what) {
    if (number > 0) count(number, what);
  };
  tell(silent_calls_, "calls with 0 output tokens are simulated with 1");
  tell(untimed_calls_, fmt::format("calls have no api_s: taken as {:.4g} ms per output token, the median of "
                                   "the others",
                                   s_per_output_token_ * 1e3));
  tell(counts_.untrusted_think,
       "gaps behind such calls are taken from t_s, since think_s counts the call again");
  tell(counts_.moved_back, fmt::format("of {} sub-agents were recorded at their end and are moved back by "
                                       "their span",
                                       counts_.sub_agents));
  tell(counts_.never_joined, "sub-agents are not waited for by any call of their parent");
  tell(counts_.cut_tool_gaps, fmt::format("gaps of tools are cut to {}", pretty_time(rules_.max_tool_gap_s)));
  tell(counts_.cut_human_gaps,
       fmt::format("gaps of people are cut to {}", pretty_time(rules_.max_human_gap_s)));
}

}  // namespace agentsim::workload
