#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"
#include "sim/workload/plan.hpp"
#include "sim/workload/sources/claude_code_times.hpp"

namespace agentsim::workload {

// How recorded Claude Code sessions become plans.
struct ClaudeCodeRules {
  double max_tool_gap_s = 600.0;
  double max_human_gap_s = 1800.0;
  bool shared_prefix = false;
};

template <class V>
void describe_rules(V& v, ClaudeCodeRules& rules) {
  v.field("max_tool_gap", rules.max_tool_gap_s, Dimension::time, config::kNotNegative,
          "longer tool runs are cut");
  v.field("max_human_gap", rules.max_human_gap_s, Dimension::time, config::kNotNegative,
          "longer pauses are cut");
  v.field("shared_prefix", rules.shared_prefix,
          "sessions with tool and system prefixes of the same length have the same prefix");
}

// Recorded trees of Claude Code calls (callanjfox/kv-cache-tester), in little memory. Block b of a session's
// table is tokens [64 b, 64 b + 64) of the session's stream, so prefixes are shared as they were; the last
// partial block of a prompt and all output are private, since the trace does not tell what of them came back.
class ClaudeCodeSessions {
 public:
  explicit ClaudeCodeSessions(const ClaudeCodeRules& rules) : rules_(rules) {}

  // All sessions of a file, or some of it; the file's ranges and roles are kept.
  void add(const TraceFile& file);
  // Forgets the sessions, but not what was counted.
  void clear();

  size_t size() const { return sessions_.size(); }
  // A stored session as the plan `index` of a workload, which is the identity of its tokens. Its index and
  // arrival are left empty.
  SessionPlan plan(size_t stored, uint64_t index) const;
  const std::vector<std::string>& roles() const { return roles_; }
  // Calls `count(number, what)` for all that was changed or assumed in the sessions so far.
  void each_count(const std::function<void(size_t number, const std::string& what)>& count) const;

 private:
  struct StoredCall {
    uint32_t first_range = 0;
    uint32_t range_count = 0;
    uint32_t prompt_tokens = 0;
    uint32_t output_tokens = 0;
    Gap gap = Gap::none;
    double gap_s = 0.0;
  };
  struct StoredSession {
    std::string name;
    uint32_t first_call = 0;
    uint32_t call_count = 0;
    uint32_t first_agent = 0;
    uint32_t agent_count = 0;
    uint32_t tool_tokens = 0;  // these two begin the root's first prompt
    uint32_t system_tokens = 0;
  };
  void store(const TraceFile& file, const TraceSession& session);
  void add_stored_call(SessionPlan& plan, const StoredSession& session, uint64_t index,
                       uint32_t number) const;
  uint32_t shared_blocks(const StoredSession& session, const StoredCall& call) const;

  ClaudeCodeRules rules_;
  std::vector<std::string> roles_;
  std::vector<StoredSession> sessions_;
  std::vector<Agent> agents_;
  std::vector<StoredCall> calls_;
  std::vector<BlockRange> ranges_;
  TimeCounts counts_;
  size_t silent_calls_ = 0;
  size_t untimed_calls_ = 0;
  double s_per_output_token_ = 0.0;
};

}  // namespace agentsim::workload
