#include "sim/model/llm.hpp"

#include "sim/base/contract.hpp"
#include "sim/config/library.hpp"

namespace agentsim::model {

double LLM::matrix_parameters() const {
  const auto attention = static_cast<double>(hidden * head_dim * (2 * heads + 2 * kv_heads));
  const auto mlp = static_cast<double>(3 * hidden * ffn);
  return static_cast<double>(layers) * (attention + mlp);
}

double LLM::parameters() const {
  const auto embedding = static_cast<double>(vocabulary * hidden) * (tie_embeddings ? 1.0 : 2.0);
  const auto norms = static_cast<double>((2 * layers + 1) * hidden + (qk_norm ? 2 * layers * head_dim : 0));
  return matrix_parameters() + embedding + norms;
}

double dtype_bytes(const std::string& dtype) {
  if (dtype == "bf16") return 2.0;
  if (dtype == "fp8") return 1.0;
  AGENTSIM_CONTRACT(false, "unknown data type '{}'", dtype);
  return 0.0;
}

LLM load_llm(const config::Value& word_or_map) {
  Diagnostics diagnostics;
  config::Value map;
  LLM llm;
  if (config::Library::load(word_or_map, "model", "scenarios/models", map, diagnostics)) {
    config::read_map(map, "the model", llm, diagnostics);
    if (diagnostics.empty() && llm.heads % llm.kv_heads != 0)
      diagnostics.add(map.mistake("'kv_heads' does not divide 'heads'"));
  }
  diagnostics.throw_if_any();
  return llm;
}

}  // namespace agentsim::model
