#include "sim/workload/input_file.hpp"

#include <nlohmann/json.hpp>

#include "sim/base/text_file.hpp"
#include "sim/config/library.hpp"

namespace agentsim::workload {

void parse(const config::Value& word, InputFile& out, Diagnostics& diagnostics) {
  out.path = config::Library::find(word, "trace", "scenarios/traces", diagnostics);
  if (!out.path.empty()) FileLog::note(out.path);
}

config::Dumper::Json dump_json(const InputFile& file) {
  return file.path;
}

}  // namespace agentsim::workload
