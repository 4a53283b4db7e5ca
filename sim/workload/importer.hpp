#pragma once

#include <string>
#include <vector>

#include "sim/base/registry.hpp"
#include "sim/workload/name_numbers.hpp"
#include "sim/workload/options.hpp"
#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// What an importer hands over, session by session. Its plans are checked (plan_graph.hpp) and numbered here.
class ImportSink {
 public:
  virtual ~ImportSink() = default;

  // The names that the plans' numbers stand for.
  virtual NameNumbers& names() = 0;
  // In order of arrival if arrivals are known and the format allows it.
  virtual void session(SessionPlan&& plan) = 0;
  // Lines, rows, spans or gaps that were left out or changed, and why: "lines without token counts".
  virtual void count(const std::string& what, uint64_t number = 1) = 0;
  // An assumption: one sentence.
  virtual void note(const std::string& sentence) = 0;
};

// Reads the traces of one format, `.gz` too, in memory that does not grow with the text of the files. Its
// parameters are set by `agentsim import FORMAT FILE... --set key=value`. Registered by its own .cpp file.
class Importer : public Options {
 public:
  // Throws ConfigError with the lines that are wrong.
  virtual void read(const std::vector<std::string>& paths, ImportSink& sink) const = 0;
};

using Importers = Registry<Importer>;

// Registers the importer T under a name.
template <class T>
Importers::Entry importer_entry(const std::string& name, const std::string& help) {
  return Importers::Entry(name, help, [] { return std::make_unique<T>(); });
}

}  // namespace agentsim::workload
