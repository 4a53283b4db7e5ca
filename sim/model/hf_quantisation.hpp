#pragma once

#include "sim/model/llm.hpp"

namespace agentsim::model {

// The `quantization_config` of a Hugging Face config: fp8, compressed-tensors, awq, gptq, mxfp4, modelopt.
// Without one `out` stays as it is. A method that is not known is reported with those that are.
void read_hf_quantisation(const config::Value& map, Quantisation& out, Diagnostics& diagnostics);

}  // namespace agentsim::model
