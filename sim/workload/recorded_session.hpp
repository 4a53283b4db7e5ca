#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"
#include "sim/workload/importer.hpp"
#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// A call as its client logged it: when, and the provider's token counters. Times are nanoseconds since 1970.
struct RecordedCall {
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  uint32_t prompt_tokens = 0;  // the whole prompt
  uint32_t cached_tokens = 0;  // of it, read from the provider's cache
  uint32_t output_tokens = 0;
  bool is_human = false;  // a person's message came in
};

struct RecordedAgent {
  std::string role;
  int32_t parent = -1;  // index of an agent of the session that stands before it; -1: the root's level
  std::vector<RecordedCall> calls;
};

struct RecordedSession {
  std::string name;
  std::vector<RecordedAgent> agents;
};

struct RecordedRules {
  double max_tool_gap_s = 600.0;
  double max_human_gap_s = 1800.0;
  bool shared_prefix = false;
};

template <class V>
void describe_rules(V& v, RecordedRules& rules) {
  v.field("max_tool_gap", rules.max_tool_gap_s, Dimension::time, config::kNotNegative,
          "longer tool runs are cut");
  v.field("max_human_gap", rules.max_human_gap_s, Dimension::time, config::kNotNegative,
          "longer pauses are cut");
  v.field("shared_prefix", rules.shared_prefix,
          "what a root agent's first prompt found cached is a prefix that all sessions share");
}

// Turns logged sessions into plans and hands them to a sink, with what was decided on the way.
//
// Prompts. Counters say how long a prompt was, not what stood in it. A context only grows: if a prompt is not
// shorter than the one before it and its output, both stand in it, and the rest is new. If it is shorter than
// that but not than the prompt before, that prompt stands in it and its output (reasoning, mostly) does not.
// If it is shorter than the prompt before, the context was compacted: what the provider found in its cache is
// kept, the rest is new. Cached tokens of a sub-agent's first prompt are shared by the sub-agents of its
// role.
//
// Times. A gap lasts from the end of the call before, or of the sub-agents that the call waited for, to the
// start of the call. A sub-agent follows the last call of its parent that had ended before, and the parent's
// first call that starts after its end waits for it. Calls of one agent that overlap follow each other at
// once.
class RecordedSessions {
 public:
  // `format` keeps token streams of different formats apart.
  RecordedSessions(std::string format, const RecordedRules& rules, ImportSink& sink)
      : format_(std::move(format)), rules_(rules), sink_(sink) {}

  // Calls need not be in order of time. A session without calls is left out. Arrivals count from the first
  // session's.
  void add(RecordedSession&& session);
  // Tells the sink what was decided.
  void finish();

 private:
  void order(RecordedSession& session);
  void add_agents(const RecordedSession& session, SessionPlan& plan);
  void add_calls(const RecordedSession& session, size_t agent, SessionPlan& plan);
  void place(const RecordedSession& session, size_t agent, SessionPlan& plan);
  double gap_s(const RecordedCall& call, int64_t ready_ns, Gap kind);
  uint64_t prefix_stream(const RecordedSession& session, size_t agent) const;

  std::string format_;
  RecordedRules rules_;
  ImportSink& sink_;
  uint64_t sessions_ = 0;
  int64_t first_ns_ = 0;
  std::vector<std::vector<int64_t>> joined_ns_;  // for each agent and call: the last end that it waits for
  std::set<uint64_t> prefixes_;                  // that an agent's first prompt began with
  uint64_t prompt_tokens_ = 0, cached_tokens_ = 0;
  uint64_t silent_ = 0, shorter_ = 0, compacted_ = 0, overlapping_ = 0, cut_tool_ = 0, cut_human_ = 0;
  uint64_t never_joined_ = 0, sub_agents_ = 0, no_calls_ = 0;
};

}  // namespace agentsim::workload
