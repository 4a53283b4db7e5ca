#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sim/workload/json_lines.hpp"
#include "sim/workload/recorded_session.hpp"

namespace agentsim::workload {

// Gathers the calls of one Claude Code session from the lines of its log files. A line is a message of the
// person or of the model, with a timestamp; of the others (summaries, hooks, snapshots) nothing is needed.
// - The lines of one reply share message.id and repeat its usage, so a reply counts once: its most output,
// its
//   last timestamp as the end. Its start is the agent's last line of input before its first line.
// - A person speaks where a user's line is neither a tool's result nor the program's own (isMeta, a summary).
// - isSidechain marks sub-agents: by agentId, else by the chain of parentUuid from a line without one.
class ClaudeLog {
 public:
  // `counted`: hashes of the replies that earlier files held; a resumed session repeats them.
  ClaudeLog(ImportSink& sink, std::unordered_set<uint64_t>& counted) : sink_(sink), counted_(counted) {}

  // `sub_agent`: the lines are those of a sub-agent with its own file, whose type may be known.
  void add_line(const JsonObject& line, const std::string& sub_agent = "", const std::string& type = "");
  // Lines that told nothing, and whether any was of a known type.
  bool knows_lines() const { return knows_lines_; }
  // The first agent is the main one, even if it has no calls.
  std::vector<RecordedAgent> take_agents();

 private:
  struct Open {
    int64_t input_ns = 0;  // last line of input
    bool is_human = false;
    std::unordered_map<uint64_t, size_t> replies;  // message -> call
  };
  size_t agent(const JsonObject& line, const std::string& sub_agent, const std::string& type);
  size_t new_agent(const std::string& type);
  void add_user(const JsonObject& line, size_t agent, int64_t ns);
  void add_assistant(const JsonObject& line, size_t agent, int64_t ns);
  void note_task(const JsonObject& message);

  ImportSink& sink_;
  std::unordered_set<uint64_t>& counted_;
  std::unordered_set<uint64_t> own_;
  std::vector<RecordedAgent> agents_;
  std::vector<Open> open_;
  std::unordered_map<std::string, size_t> by_id_;        // agentId
  std::unordered_map<uint64_t, size_t> by_uuid_;         // of lines in side chains
  std::unordered_map<uint64_t, std::string> task_type_;  // tool_use id -> type of the sub-agent it sends out
  std::unordered_map<std::string, std::string> type_of_agent_;
  bool knows_lines_ = false;
};

}  // namespace agentsim::workload
