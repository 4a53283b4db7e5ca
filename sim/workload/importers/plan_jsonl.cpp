#include "sim/workload/importer.hpp"
#include "sim/workload/plan_reader.hpp"

namespace agentsim::workload {
namespace {

// agentsim's own plans, one a line (plan_json.hpp). What was exported comes back byte for byte; of several
// files the sessions are numbered on.
class PlanLines : public Described<PlanLines, Importer> {
 public:
  template <class V>
  void parameters(V&) {}
  void read(const std::vector<std::string>& paths, ImportSink& sink) const override {
    for (const std::string& path : paths)
      each_json_line(path, [&](const JsonObject& line) {
        std::optional<SessionPlan> plan = read_plan(line, sink.names());
        if (plan) sink.session(std::move(*plan));
      });
  }
};

const Importers::Entry entry = importer_entry<PlanLines>("plan_jsonl", "agentsim's own plans, one a line");

}  // namespace
}  // namespace agentsim::workload
