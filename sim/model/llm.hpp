#pragma once

#include <cstdint>
#include <string>

#include "sim/config/reader.hpp"

namespace agentsim::model {

// The shape of a dense decoder-only transformer with grouped-query attention and a gated MLP (the Llama
// family).
struct LLM {
  std::string name;
  std::string title;
  int64_t layers = 0;
  int64_t hidden = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t ffn = 0;
  int64_t vocabulary = 0;
  int64_t max_context = 0;  // tokens the published weights were made for
  bool tie_embeddings = false;
  bool qk_norm = false;
  double published_parameters = 0.0;

  // Weights of all layers' matrices, without embedding and head.
  double matrix_parameters() const;
  double parameters() const;
};

// Bytes of one element by data type: bf16, fp8.
double dtype_bytes(const std::string& dtype);

template <class Visitor>
void describe(Visitor& v, LLM& m) {
  using config::Bounds, config::Need;
  const Bounds count{1, 1e9};
  v.field("name", m.name, "the word scenarios use", Need::required);
  v.field("title", m.title, "the name people use");
  v.field("layers", m.layers, Bounds{1, 1e4}, "transformer layers", Need::required);
  v.field("hidden", m.hidden, count, "width of the residual stream", Need::required);
  v.field("heads", m.heads, Bounds{1, 1e4}, "query heads", Need::required);
  v.field("kv_heads", m.kv_heads, Bounds{1, 1e4}, "key-value heads", Need::required);
  v.field("head_dim", m.head_dim, Bounds{1, 1e4}, "width of a head", Need::required);
  v.field("ffn", m.ffn, count, "inner width of the MLP", Need::required);
  v.field("vocabulary", m.vocabulary, count, "tokens", Need::required);
  v.field("max_context", m.max_context, count, "tokens", Need::required);
  v.field("tie_embeddings", m.tie_embeddings, "the head reuses the embedding");
  v.field("qk_norm", m.qk_norm, "queries and keys are normalised");
  v.field("parameters", m.published_parameters, Dimension::number, config::kPositive, "as published");
  v.known("license");
  v.known("source");
  v.known("provenance");
}

// Loads scenarios/models/<name>.yaml, a path or an inline map. Throws ConfigError.
LLM load_llm(const config::Value& word_or_map);

}  // namespace agentsim::model
