#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/workload/block_ranges.hpp"

namespace agentsim::workload {

using BlockRange = Range<uint32_t>;  // of a session's block table, blocks of kTraceBlock tokens
constexpr uint32_t kTraceBlock = 64;

// A recorded call. Its prompt is blocks TraceFile::ranges[first_range, first_range + range_count) and a tail.
struct TraceCall {
  int line = 0;
  uint16_t role = 0;
  uint32_t agent = 0;
  uint32_t number = 0;  // within the agent
  int32_t spawn_after_call = -1;
  uint32_t prompt_tokens = 0;
  uint32_t output_tokens = 0;
  uint32_t tool_tokens = 0;    // of the prompt: its prefix of tools,
  uint32_t system_tokens = 0;  // then that of the system
  uint32_t first_range = 0;
  uint32_t range_count = 0;
  bool is_text = false;  // a person's message came in, not a tool's result
  double start_s = 0.0;  // from the session's start
  double api_s = 0.0;    // estimated if it was not recorded
  bool is_timed = true;  // api_s was recorded
  std::optional<double> think_s;
};

// An agent's calls in order: TraceFile::calls[first_call, first_call + call_count).
struct TraceAgent {
  uint32_t first_call = 0;
  uint32_t call_count = 0;
};

struct TraceSession {
  std::string name;
  std::vector<TraceAgent> agents;  // the first one is the root
};

struct TraceFile {
  std::vector<std::string> roles;
  std::vector<TraceSession> sessions;
  std::vector<TraceCall> calls;
  std::vector<BlockRange> ranges;
  size_t untimed_calls = 0;
  double s_per_output_token = 0.0;  // median of the timed calls
};

// Reads the call table of Claude Code sessions (scenarios/traces/README.md lists its columns) and checks that
// it hangs together. Throws ConfigError with the lines that do not.
TraceFile read_claude_code_csv(const std::string& path);

// The same file session by session: `session` is called with each in turn, alone in a TraceFile whose roles
// are those so far. Reads the file twice, first for the pace of its timed calls, of which it keeps 8 bytes
// each.
void each_claude_code_session(const std::string& path, const std::function<void(const TraceFile&)>& session);

}  // namespace agentsim::workload
