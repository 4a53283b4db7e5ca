#pragma once

#include <string>
#include <vector>

#include "sim/model/llm.hpp"

namespace agentsim::model {

// Reads a config.json of Hugging Face (`map` is its root) into the shape of a model. `model_type` names the
// architecture; of a multi-modal model the text part (`text_config`) is taken. Keys that no shape depends on
// are passed over. Reports an unknown architecture with the valid ones, and all fields that are missing at
// once.
void read_hf_config(const config::Value& map, LLM& out, Diagnostics& diagnostics);

// The `model_type` words it knows; sorted.
std::vector<std::string> hf_architectures();

}  // namespace agentsim::model
