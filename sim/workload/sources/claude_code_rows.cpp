#include "sim/workload/sources/claude_code_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/base/csv.hpp"

namespace agentsim::workload {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 30;
constexpr uint32_t kLastBlock = (1U << 30) / kTraceBlock;

struct Columns {
  explicit Columns(const CsvFile& csv)
      : session(csv.column("session")),
        agent(csv.column("agent")),
        agent_type(csv.column("agent_type")),
        spawn_after_call(csv.column("spawn_after_call")),
        call(csv.column("call")),
        t_s(csv.column("t_s")),
        in_tok(csv.column("in_tok")),
        out_tok(csv.column("out_tok")),
        input(csv.column("input")),
        api_s(csv.column("api_s")),
        think_s(csv.column("think_s")),
        tool_tok(csv.column("tool_tok")),
        system_tok(csv.column("system_tok")),
        blocks(csv.column("blocks64")) {}
  size_t session, agent, agent_type, spawn_after_call, call, t_s, in_tok, out_tok, input, api_s, think_s,
      tool_tok, system_tok, blocks;
};

double median(std::vector<double>& values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Seconds per output token of the timed calls.
void add_pace(const TraceFile& file, std::vector<double>& pace) {
  for (const TraceCall& call : file.calls)
    if (call.is_timed && call.output_tokens > 0) pace.push_back(call.api_s / call.output_tokens);
}

void estimate_missing_times(TraceFile& file, double s_per_output_token) {
  file.s_per_output_token = s_per_output_token;
  for (TraceCall& call : file.calls) {
    if (call.is_timed) continue;
    call.api_s = call.output_tokens * s_per_output_token;
    ++file.untimed_calls;
  }
}

class TraceReader {
 public:
  explicit TraceReader(const std::string& path) : csv_(path), column_(csv_) {}

  TraceFile read() {
    csv_.each_row([&](CsvRow& row) { read_row(row); });
    close_session();
    diagnostics_.throw_if_any();
    std::vector<double> pace;
    add_pace(file_, pace);
    estimate_missing_times(file_, median(pace));
    return std::move(file_);
  }

  // Hands over each session when its last row was read, and forgets it.
  void read_each(const std::function<void(TraceFile&)>& session) {
    session_ = session;
    csv_.each_row([&](CsvRow& row) { read_row(row); });
    close_session();
    diagnostics_.throw_if_any();
  }

 private:
  void read_row(CsvRow& row) {
    const std::string_view session = row.text(column_.session);
    if (file_.sessions.empty() || session != file_.sessions.back().name) {
      close_session();
      if (!names_.insert(std::string(session)).second)
        row.mistake(column_.session,
                    fmt::format("'{}' comes back: the rows of a session must stand together", session));
      file_.sessions.push_back({std::string(session), {}});
    }
    TraceCall call;
    call.line = row.line();
    call.role = role(row.text(column_.agent_type));
    call.agent = static_cast<uint32_t>(row.whole(column_.agent, 0, 1'000'000));
    call.number = static_cast<uint32_t>(row.whole(column_.call, 0, 10'000'000));
    call.spawn_after_call = static_cast<int32_t>(row.whole(column_.spawn_after_call, -1, 10'000'000));
    call.start_s = row.number(column_.t_s);
    call.prompt_tokens = static_cast<uint32_t>(row.whole(column_.in_tok, 1, kMostTokens));
    call.output_tokens = static_cast<uint32_t>(row.whole(column_.out_tok, 0, kMostTokens));
    call.tool_tokens = static_cast<uint32_t>(row.whole(column_.tool_tok, 0, kMostTokens));
    call.system_tokens = static_cast<uint32_t>(row.whole(column_.system_tok, 0, kMostTokens));
    call.is_text = row.text(column_.input) == "text";
    if (!call.is_text && row.text(column_.input) != "tool_result")
      row.mistake(column_.input,
                  fmt::format("must be text or tool_result, not '{}'", row.text(column_.input)));
    call.is_timed = !row.is_empty(column_.api_s);
    call.api_s = row.maybe_number(column_.api_s).value_or(0.0);
    call.think_s = row.maybe_number(column_.think_s);
    read_blocks(row, call);
    file_.calls.push_back(call);
  }

  void read_blocks(CsvRow& row, TraceCall& call) {
    call.first_range = static_cast<uint32_t>(file_.ranges.size());
    if (!parse_ranges(row.text(column_.blocks), kLastBlock, file_.ranges))
      return row.mistake(column_.blocks, "is not a list of block ranges such as '1-20;25'");
    call.range_count = static_cast<uint32_t>(file_.ranges.size()) - call.first_range;
    uint64_t tokens = 0;
    for (size_t i = call.first_range; i < file_.ranges.size(); ++i)
      tokens += uint64_t{kTraceBlock} * file_.ranges[i].blocks();
    if (tokens > call.prompt_tokens)
      row.mistake(column_.blocks,
                  fmt::format("holds {} tokens, more than in_tok {}", tokens, call.prompt_tokens));
  }

  uint16_t role(std::string_view agent_type) {
    const std::string name = agent_type.empty() ? "main" : std::string(agent_type);
    const auto found = std::find(file_.roles.begin(), file_.roles.end(), name);
    if (found != file_.roles.end()) return static_cast<uint16_t>(found - file_.roles.begin());
    file_.roles.push_back(name);
    return static_cast<uint16_t>(file_.roles.size() - 1);
  }

  // Brings the session's rows into the order (agent, call) and checks its tree.
  void close_session() {
    auto& calls = file_.calls;
    const auto first = calls.begin() + static_cast<std::ptrdiff_t>(session_begin_);
    std::stable_sort(first, calls.end(), [](const TraceCall& a, const TraceCall& b) {
      return a.agent != b.agent ? a.agent < b.agent : a.number < b.number;
    });
    for (size_t i = session_begin_; i < calls.size(); ++i) {
      std::vector<TraceAgent>& agents = file_.sessions.back().agents;
      const bool is_new = i == session_begin_ || calls[i].agent != calls[i - 1].agent;
      if (is_new) agents.push_back({static_cast<uint32_t>(i), 0});
      check_call(calls[i], agents, is_new ? calls[i] : calls[agents.back().first_call]);
      ++agents.back().call_count;
    }
    if (session_ && !file_.sessions.empty()) {
      if (diagnostics_.empty()) session_(file_);
      file_.sessions.clear();
      calls.clear();
      file_.ranges.clear();
      file_.untimed_calls = 0;
    }
    session_begin_ = calls.size();
  }

  void check_call(const TraceCall& call, const std::vector<TraceAgent>& agents, const TraceCall& first_call) {
    if (call.number != agents.back().call_count)
      report(call, fmt::format("call {} of agent {} stands where call {} is due", call.number, call.agent,
                               agents.back().call_count));
    if (agents.size() == 1) {
      if (call.agent != 0)
        report(call, fmt::format("agent {} has no parent: the session lacks agent 0", call.agent));
      if (call.spawn_after_call != -1) report(call, "spawn_after_call of the root agent must be -1");
      return;
    }
    const uint32_t parent_calls = agents.front().call_count;
    if (call.spawn_after_call < 0 || static_cast<uint32_t>(call.spawn_after_call) >= parent_calls)
      report(call, fmt::format("spawn_after_call {} is not a call of agent 0, which has calls 0 to {}",
                               call.spawn_after_call, parent_calls - 1));
    else if (call.spawn_after_call != first_call.spawn_after_call)
      report(call, fmt::format("spawn_after_call {} differs from {} in the agent's first call",
                               call.spawn_after_call, first_call.spawn_after_call));
  }

  void report(const TraceCall& call, const std::string& message) {
    // A wrong field is reported first, by the rows' reader: it may be the cause of what is found here.
    if (diagnostics_.size() < 20) diagnostics_.add(mistake_on_line(csv_.path(), call.line, message));
  }

  CsvFile csv_;
  Columns column_;
  TraceFile file_;
  std::set<std::string> names_;
  Diagnostics diagnostics_;
  size_t session_begin_ = 0;
  std::function<void(TraceFile&)> session_;
};

}  // namespace

TraceFile read_claude_code_csv(const std::string& path) {
  return TraceReader(path).read();
}

void each_claude_code_session(const std::string& path, const std::function<void(const TraceFile&)>& session) {
  std::vector<double> pace;
  TraceReader(path).read_each([&](TraceFile& file) { add_pace(file, pace); });
  const double s_per_output_token = median(pace);
  std::vector<double>().swap(pace);
  TraceReader(path).read_each([&](TraceFile& file) {
    estimate_missing_times(file, s_per_output_token);
    session(file);
  });
}

}  // namespace agentsim::workload
