#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/workload/importer.hpp"
#include "sim/workload/plan_graph.hpp"

namespace agentsim::workload {

// Keeps all that an importer hands over.
struct CollectingSink : ImportSink {
  NameNumbers& names() override { return numbers; }
  void session(SessionPlan&& plan) override {
    plan.index = plans.size();
    validate(plan);
    plans.push_back(std::move(plan));
  }
  void count(const std::string& what, uint64_t number) override {
    if (number > 0) counts[what] += number;
  }
  void note(const std::string& sentence) override { notes.push_back(sentence); }
  const std::string& role(const Agent& agent) const { return numbers.names().roles[agent.role]; }

  NameNumbers numbers;
  std::vector<SessionPlan> plans;
  std::map<std::string, uint64_t> counts;
  std::vector<std::string> notes;
};

inline CollectingSink import_sample(const std::string& format, const std::vector<std::string>& paths) {
  CollectingSink sink;
  Importers::make(format)->read(paths, sink);
  return sink;
}

}  // namespace agentsim::workload
