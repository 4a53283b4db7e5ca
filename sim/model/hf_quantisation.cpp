#include "sim/model/hf_quantisation.hpp"

#include <fmt/format.h>

#include "sim/base/suggest.hpp"
#include "sim/model/hf_fields.hpp"

namespace agentsim::model {
namespace {

// {num_bits: 8, type: float, group_size: 16} of compressed-tensors.
std::string type_of(HfFields& fields) {
  const int64_t bits = fields.get("num_bits", 16);
  const bool is_float = fields.word("type", "int") == "float";
  if (bits == 8) return is_float ? "fp8" : "int8";
  if (bits == 4) return is_float ? (fields.get("group_size", 32) == 16 ? "nvfp4" : "mxfp4") : "int4";
  return bits == 16 ? "" : fmt::format("{} bits", bits);
}

void read_compressed(HfFields& f, Quantisation& out) {
  const config::Value* groups = f.find("config_groups");
  if (groups == nullptr || !groups->is_map() || groups->entries().empty()) return;
  const config::Value& first = groups->entries().front().second;
  if (const config::Value* weights = first.find("weights"); weights != nullptr && weights->is_map()) {
    HfFields fields(*weights, f.diagnostics());
    out.weights = type_of(fields);
    out.group = fields.get("group_size", 0);
  }
  const config::Value* inputs = first.find("input_activations");
  if (inputs != nullptr && inputs->is_map()) {
    HfFields fields(*inputs, f.diagnostics());
    out.activations = type_of(fields);
  } else {
    out.activations = "bf16";
  }
  if (const config::Value* kv = f.find("kv_cache_scheme"); kv != nullptr && kv->is_map()) {
    HfFields fields(*kv, f.diagnostics());
    out.kv = type_of(fields);
  }
}

// modelopt: `quant_algo: FP8 | NVFP4`, at the root or under `quantization`.
void read_modelopt(HfFields& f, Quantisation& out) {
  const std::string algorithm = f.word("quant_algo", "");
  if (algorithm.find("NVFP4") != std::string::npos) out.weights = out.activations = "nvfp4";
  if (algorithm.find("FP8") != std::string::npos) out.weights = out.activations = "fp8";
  if (f.word("kv_cache_quant_algo", "") == "FP8") out.kv = "fp8";
}

}  // namespace

void read_hf_quantisation(const config::Value& map, Quantisation& out, Diagnostics& diagnostics) {
  const config::Value* config = map.find("quantization_config");
  if (config == nullptr || !config->is_map()) return;
  HfFields f(*config, diagnostics);
  const std::string method = f.word("quant_method", "");
  if (method == "fp8" || method == "fbgemm_fp8") {
    out.weights = out.activations = "fp8";
  } else if (method == "awq" || method == "gptq") {
    const int64_t bits = f.get("bits", f.get("w_bit", 4));
    out.weights = bits == 8 ? "int8" : "int4";
    out.activations = "bf16";
    out.group = f.get("group_size", f.get("q_group_size", 128));
  } else if (method == "mxfp4") {
    out.weights = "mxfp4";
    for (const std::string& kept : f.words("modules_to_not_convert"))
      out.experts_only |= kept.find("self_attn") != std::string::npos;
  } else if (method == "compressed-tensors") {
    read_compressed(f, out);
  } else if (method == "modelopt" || method == "modelopt_fp4") {
    read_modelopt(f, out);
  } else {
    const config::Value* word = f.find("quant_method");
    Diagnostic d =
        (word != nullptr ? *word : *config).mistake(fmt::format("unknown quantisation method '{}'", method));
    d.valid = {"awq", "compressed-tensors", "fbgemm_fp8", "fp8", "gptq", "modelopt", "modelopt_fp4", "mxfp4"};
    d.suggestion = nearest(method, d.valid);
    diagnostics.add(std::move(d));
  }
}

}  // namespace agentsim::model
