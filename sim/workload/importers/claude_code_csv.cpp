#include <fmt/format.h>

#include "sim/workload/importer.hpp"
#include "sim/workload/sources/claude_code_sessions.hpp"

namespace agentsim::workload {
namespace {

// The call table of Claude Code sessions of callanjfox/kv-cache-tester (scenarios/traces/README.md), as the
// source `claude_code_csv` reads it, but one session at a time.
class ClaudeCodeTable : public Described<ClaudeCodeTable, Importer> {
 public:
  template <class V>
  void parameters(V& v) {
    describe_rules(v, rules_);
  }
  void read(const std::vector<std::string>& paths, ImportSink& sink) const override {
    uint64_t index = 0;
    for (const std::string& path : paths) {
      ClaudeCodeSessions sessions(rules_);
      each_claude_code_session(path, [&](const TraceFile& file) {
        sessions.add(file);
        SessionPlan plan = sessions.plan(0, index++);
        for (Agent& agent : plan.agents) agent.role = sink.names().role(file.roles[agent.role]);
        sink.session(std::move(plan));
        sessions.clear();
      });
      sessions.each_count([&](size_t number, const std::string& what) { sink.count(what, number); });
    }
    sink.note("arrivals are not recorded: choose a closed or a drawn arrival");
  }

 private:
  ClaudeCodeRules rules_;
};

const Importers::Entry entry =
    importer_entry<ClaudeCodeTable>("claude_code_csv", "call table of Claude Code trees (kv-cache-tester)");

}  // namespace
}  // namespace agentsim::workload
