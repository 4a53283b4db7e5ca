#include "analysis/fidelity/table.hpp"

#include "sim/config/library.hpp"

namespace agentsim::fidelity {

CsvFile measured(const std::string& file) {
  return CsvFile((config::Library::root() / file).string());
}

platform::Accelerator gpu_named(const std::string& name) {
  return platform::load_accelerator(config::Value::parse(name, "fidelity"));
}

}  // namespace agentsim::fidelity
