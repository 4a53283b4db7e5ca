#include "sim/workload/arrival.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace agentsim::workload {

void parse(const config::Value& value, ArrivalSpec& out, Diagnostics& diagnostics) {
  const std::vector<std::string> names = Arrivals::names();
  const config::Value* kind = value.find("kind");
  if (kind == nullptr || !kind->is_scalar()) {
    Diagnostic d = value.mistake("'arrival' wants a map with a 'kind'");
    d.valid = names;
    diagnostics.add(std::move(d));
    return;
  }
  if (std::find(names.begin(), names.end(), kind->scalar()) == names.end()) {
    config::add_unknown_word(*kind, "arrival", names, diagnostics);
    return;
  }
  out.kind = kind->scalar();
  out.policy = Arrivals::make(out.kind);
  config::Reader reader(value, "the arrival '" + out.kind + "'", diagnostics);
  reader.known("kind");
  out.policy->visit(reader);
  reader.finish();
}

config::Dumper::Json dump_json(const ArrivalSpec& spec) {
  config::Dumper dumper;
  std::string kind = spec.kind;
  dumper.field("kind", kind, "");
  if (spec.policy) spec.policy->visit(dumper);
  return dumper.json();
}

}  // namespace agentsim::workload
