#include "sim/workload/shape.hpp"

#include <nlohmann/json.hpp>

namespace agentsim::workload {

bool Shape::read(const config::Value& value, const std::string& kind, Diagnostics& diagnostics) {
  const size_t before = diagnostics.size();
  config::Reader reader(value, "the distribution '" + kind + "'", diagnostics);
  visit(reader);
  reader.finish();
  if (diagnostics.size() == before) settle(reader);
  return diagnostics.size() == before;
}

config::Dumper::Json Shape::dump() {
  config::Dumper dumper;
  visit(dumper);
  return dumper.json();
}

}  // namespace agentsim::workload
