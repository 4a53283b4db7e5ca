#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sim/base/random_stream.hpp"
#include "sim/workload/input_file.hpp"
#include "sim/workload/plan_builder.hpp"
#include "sim/workload/session_source.hpp"
#include "sim/workload/sources/claude_code_times.hpp"

namespace agentsim::workload {
namespace {

struct Parameters {
  InputFile file;
  double max_tool_gap_s = 600.0;
  double max_human_gap_s = 1800.0;
  bool shared_prefix = false;
  std::string order = "file";
};

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

// How many leading blocks two prompts share.
uint32_t common_blocks(const BlockRange* a, uint32_t a_count, const BlockRange* b, uint32_t b_count) {
  uint32_t common = 0;
  for (uint32_t i = 0; i < std::min(a_count, b_count) && a[i].first == b[i].first; ++i) {
    common += std::min(a[i].last, b[i].last) - a[i].first + 1;
    if (a[i].last != b[i].last) break;
  }
  return common;
}

// Replays recorded trees of Claude Code calls (callanjfox/kv-cache-tester). Block b of a session's table is
// tokens [64 b, 64 b + 64) of the session's stream, so prefixes are shared as they were; the last partial
// block of a prompt and all output are private, since the trace does not tell what of them came back.
class ClaudeCodeTrace : public SessionSource {
 public:
  ClaudeCodeTrace(const Parameters& parameters, uint64_t seed) : shared_prefix_(parameters.shared_prefix) {
    TraceFile file = read_claude_code_csv(parameters.file.path);
    names_.roles = file.roles;
    TimeCounts counts;
    size_t silent_calls = 0;
    for (const TraceSession& session : file.sessions)
      silent_calls += store(file, session, {parameters.max_tool_gap_s, parameters.max_human_gap_s}, counts);
    ranges_ = std::move(file.ranges);
    ranges_.shrink_to_fit();
    order_.resize(sessions_.size());
    std::iota(order_.begin(), order_.end(), 0U);
    if (parameters.order == "shuffled") shuffle(seed);
    resampled_ = parameters.order == "resampled";
    seed_ = seed;
    write_notes(file, parameters, counts, silent_calls);
  }

  std::optional<size_t> sessions() const override { return sessions_.size(); }

  SessionPlan plan(size_t index) const override {
    const size_t pass = resampled_ ? 0 : index / sessions_.size();
    const StoredSession& session = sessions_[resampled_ ? resample(index) : order_[index % sessions_.size()]];
    SessionPlan plan;
    plan.name = pass == 0 ? session.name : fmt::format("{}+{}", session.name, pass);
    const auto first_agent = agents_.begin() + session.first_agent;
    plan.agents.assign(first_agent, first_agent + session.agent_count);
    plan.calls.reserve(session.call_count);
    for (uint32_t i = 0; i < session.call_count; ++i) add_stored_call(plan, session, index, i);
    return plan;
  }

 private:
  // Returns how many calls had no output.
  size_t store(const TraceFile& file, const TraceSession& session, const GapLimits& limits,
               TimeCounts& counts) {
    const SessionTimes times = recover_times(file, session, limits, counts);
    StoredSession& stored = sessions_.emplace_back();
    stored.name = session.name;
    stored.first_call = static_cast<uint32_t>(calls_.size());
    stored.call_count = static_cast<uint32_t>(times.gaps.size());
    stored.first_agent = static_cast<uint32_t>(agents_.size());
    stored.agent_count = static_cast<uint32_t>(times.agents.size());
    stored.tool_tokens = file.calls[session.agents.front().first_call].tool_tokens;
    stored.system_tokens = file.calls[session.agents.front().first_call].system_tokens;
    agents_.insert(agents_.end(), times.agents.begin(), times.agents.end());
    size_t silent = 0;
    for (uint32_t i = 0; i < stored.call_count; ++i) {
      const TraceCall& call = file.calls[session.agents.front().first_call + i];
      if (call.output_tokens == 0) ++silent;
      calls_.push_back({call.first_range, call.range_count, call.prompt_tokens,
                        std::max(1U, call.output_tokens), times.gaps[i].kind, times.gaps[i].seconds});
    }
    return silent;
  }

  void add_stored_call(SessionPlan& plan, const StoredSession& session, size_t index, uint32_t number) const {
    const StoredCall& stored = calls_[session.first_call + number];
    const BlockRange* ranges = &ranges_[stored.first_range];
    Call& call = add_call(plan);
    call.output_tokens = stored.output_tokens;
    call.output_stream = stream_id("trace output", index, number);
    call.gap = stored.gap;
    call.gap_s = stored.gap_s;
    uint32_t shared = shared_prefix_ ? shared_blocks(session, stored) : 0;
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
  uint32_t shared_blocks(const StoredSession& session, const StoredCall& call) const {
    const StoredCall& first = calls_[session.first_call];
    const uint32_t common = common_blocks(&ranges_[first.first_range], first.range_count,
                                          &ranges_[call.first_range], call.range_count);
    return std::min(common, (session.tool_tokens + session.system_tokens) / kTraceBlock);
  }

  // Drawn with replacement, so that replications differ as other people's sessions would (the bootstrap).
  size_t resample(size_t index) const {
    return static_cast<size_t>(RandomStream(seed_, "resample", index).uniform() *
                               static_cast<double>(sessions_.size()));
  }

  void shuffle(uint64_t seed) {
    RandomStream random(seed, "order");
    for (size_t i = order_.size(); i > 1; --i) {
      const auto other = static_cast<size_t>(random.uniform() * static_cast<double>(i));
      std::swap(order_[i - 1], order_[other]);
    }
  }

  void write_notes(const TraceFile& file, const Parameters& parameters, const TimeCounts& counts,
                   size_t silent) {
    const auto note = [&](size_t count, const std::string& text) {
      if (count > 0) notes_.push_back(fmt::format("{} {}", count, text));
    };
    note(silent, "calls with 0 output tokens are simulated with 1");
    note(file.untimed_calls,
         fmt::format("calls have no api_s: taken as {:.4g} ms per output token, the median of the others",
                     file.s_per_output_token * 1e3));
    note(counts.untrusted_think,
         "gaps behind such calls are taken from t_s, since think_s counts the call again");
    note(counts.moved_back,
         fmt::format("of {} sub-agents were recorded at their end and are moved back by their span",
                     counts.sub_agents));
    note(counts.never_joined, "sub-agents are not waited for by any call of their parent");
    note(counts.cut_tool_gaps,
         fmt::format("gaps of tools are cut to {}", pretty_time(parameters.max_tool_gap_s)));
    note(counts.cut_human_gaps,
         fmt::format("gaps of people are cut to {}", pretty_time(parameters.max_human_gap_s)));
  }

  bool shared_prefix_;
  bool resampled_ = false;
  uint64_t seed_ = 0;
  std::vector<StoredSession> sessions_;
  std::vector<Agent> agents_;
  std::vector<StoredCall> calls_;
  std::vector<BlockRange> ranges_;
  std::vector<uint32_t> order_;
};

class ClaudeCodeOptions : public Described<ClaudeCodeOptions, SourceOptions> {
 public:
  template <class V>
  void parameters(V& v) {
    v.value("file", p_.file, "call table, scenarios/traces/README.md", config::Need::required);
    v.field("max_tool_gap", p_.max_tool_gap_s, Dimension::time, config::kNotNegative,
            "longer tool runs are cut");
    v.field("max_human_gap", p_.max_human_gap_s, Dimension::time, config::kNotNegative,
            "longer pauses are cut");
    v.field("shared_prefix", p_.shared_prefix,
            "sessions with tool and system prefixes of the same length have the same prefix");
    v.choice("order", p_.order, {"file", "shuffled", "resampled"},
             "of the sessions: as recorded, permuted, or drawn with replacement");
  }
  std::unique_ptr<SessionSource> open(uint64_t seed) const override {
    return std::make_unique<ClaudeCodeTrace>(p_, seed);
  }

 private:
  Parameters p_;
};

const Sources::Entry entry("claude_code_csv", "recorded Claude Code sessions with their sub-agents",
                           [] { return std::make_unique<ClaudeCodeOptions>(); });

}  // namespace
}  // namespace agentsim::workload
