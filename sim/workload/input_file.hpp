#pragma once

#include <string>

#include "sim/config/dumper.hpp"
#include "sim/config/value.hpp"

namespace agentsim::workload {

// A data file that a YAML file names: relative to that file, then to the project's root.
struct InputFile {
  std::string path;
};

void parse(const config::Value& word, InputFile& out, Diagnostics& diagnostics);
config::Dumper::Json dump_json(const InputFile& file);

}  // namespace agentsim::workload
