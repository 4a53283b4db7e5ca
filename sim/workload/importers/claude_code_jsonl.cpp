#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "sim/base/csv.hpp"
#include "sim/base/iso_time.hpp"
#include "sim/base/text_file.hpp"
#include "sim/workload/claude_log.hpp"

namespace agentsim::workload {
namespace {

namespace fs = std::filesystem;

// The logs that Claude Code keeps of its sessions, as they lie under ~/.claude/projects/<project>/:
// <session>.jsonl, its sub-agents in the same file (isSidechain), beside it as agent-<id>.jsonl (2.0), or in
// <session>/subagents/agent-<id>.jsonl with their type in agent-<id>.meta.json (2.1). Files or folders of
// them. The format is not documented; this follows logs of versions 1.0 to 2.1 as public tools describe them.
class ClaudeCodeLogs : public Described<ClaudeCodeLogs, Importer> {
 public:
  template <class V>
  void parameters(V& v) {
    describe_rules(v, rules_);
  }

  void read(const std::vector<std::string>& paths, ImportSink& sink) const override {
    std::vector<Log> logs;
    std::multimap<std::string, Log> sub_agents;  // by session
    for (const std::string& path : log_files(paths)) {
      Log log = look_at(path);
      if (log.agent.empty())
        logs.push_back(std::move(log));
      else
        sub_agents.emplace(log.session, std::move(log));
    }
    std::stable_sort(logs.begin(), logs.end(),
                     [](const Log& a, const Log& b) { return a.first_ns < b.first_ns; });
    RecordedSessions recorded("claude code", rules_, sink);
    std::unordered_set<uint64_t> counted;
    for (const Log& log : logs) {
      ClaudeLog session(sink, counted);
      add_file(log, session);
      const auto [begin, end] = sub_agents.equal_range(log.session);
      for (auto at = begin; at != end; ++at) add_file(at->second, session);
      sub_agents.erase(begin, end);
      if (!session.knows_lines())
        throw ConfigError({Diagnostic{
            Place{log.path, 0, 0, 1, ""}, "holds no message of a Claude Code session", "", {}, ""}});
      recorded.add({log.session, session.take_agents()});
    }
    sink.count("files of sub-agents have no session and are left out", sub_agents.size());
    recorded.finish();
  }

 private:
  struct Log {
    std::string path;
    std::string session;
    std::string agent;  // of a sub-agent's file, else empty
    int64_t first_ns = INT64_MAX;
  };

  // All logs of files and folders, in the order of their paths.
  static std::vector<std::string> log_files(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    for (const std::string& path : paths) {
      if (!fs::is_directory(path)) {
        files.push_back(path);
        continue;
      }
      const size_t before = files.size();
      for (const auto& entry : fs::recursive_directory_iterator(path)) {
        const std::string name = entry.path().filename().string();
        if (entry.is_regular_file() && name.find(".jsonl") != std::string::npos)
          files.push_back(entry.path().string());
      }
      std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
      if (files.size() == before)
        throw ConfigError({Diagnostic{Place{path, 0, 0, 1, ""}, "holds no .jsonl file", "", {}, ""}});
    }
    return files;
  }

  // Reads a file's first lines, up to one with a time.
  static Log look_at(const std::string& path) {
    struct Enough {};
    Log log;
    log.path = path;
    const std::string name = fs::path(path).filename().string();
    const std::string stem = name.substr(0, name.find(".jsonl"));
    log.session = stem;
    if (stem.compare(0, 6, "agent-") == 0) log.agent = stem.substr(6);
    try {
      read_lines(path, [&](std::string_view line, int) {
        const nlohmann::json json = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
        if (!json.is_object()) throw Enough();
        const std::optional<int64_t> ns = parse_iso_time(json.value("timestamp", nlohmann::json()).is_string()
                                                             ? json["timestamp"].get<std::string>()
                                                             : std::string());
        if (!ns) return;
        log.first_ns = *ns;
        const auto session = json.find("sessionId");
        if (!log.agent.empty() && session != json.end() && session->is_string())
          log.session = session->get<std::string>();
        throw Enough();
      });
    } catch (const Enough&) {
    }
    return log;
  }

  static void add_file(const Log& log, ClaudeLog& session) {
    std::string type;
    const std::string meta = log.path.substr(0, log.path.rfind(".jsonl")) + ".meta.json";
    if (!log.agent.empty() && fs::exists(meta)) {
      const nlohmann::json json = nlohmann::json::parse(read_text(meta), nullptr, false);
      if (json.is_object() && json.contains("agentType") && json["agentType"].is_string())
        type = json["agentType"].get<std::string>();
    }
    each_json_line(log.path, [&](const JsonObject& line) { session.add_line(line, log.agent, type); });
  }

  RecordedRules rules_;
};

const Importers::Entry entry =
    importer_entry<ClaudeCodeLogs>("claude_code_jsonl", "session logs of Claude Code (~/.claude/projects)");

}  // namespace
}  // namespace agentsim::workload
