#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"
#include "sim/model/precision.hpp"

namespace agentsim::model {

// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): keys and values of a token are one vector of
// `kv_rank`, beside `rope_dim` that carry the position. All 0: plain attention.
struct LatentAttention {
  int64_t query_rank = 0;  // 0: queries are projected in one go
  int64_t kv_rank = 0;
  int64_t rope_dim = 0;
  int64_t nope_dim = 0;
  int64_t value_dim = 0;
};

// A mixture of experts. Router: hidden x count.
struct Experts {
  int64_t count = 0;  // 0: none
  int64_t per_token = 0;
  int64_t inter = 0;         // of one expert
  int64_t shared_inter = 0;  // of all shared experts together
  bool shared_gate = false;
  bool bias = false;
};

// Gated delta net (Qwen3-Next): a state of constant size instead of a KV cache.
struct LinearAttention {
  int64_t key_heads = 0;
  int64_t value_heads = 0;
  int64_t key_dim = 0;
  int64_t value_dim = 0;
  int64_t convolution = 0;
};

// Layers of one kind that follow each other.
struct LayerRun {
  int64_t count = 1;
  bool windowed = false;  // attends to the last LLM::window tokens alone
  bool experts = false;   // instead of the dense MLP
  bool linear = false;    // linear attention instead of softmax attention
};

// The shape of a decoder-only transformer.
struct LLM {
  std::string name;
  std::string title;
  std::string architecture = "llama";  // model_type of Hugging Face
  int64_t layers = 0;
  int64_t hidden = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t ffn = 0;  // of the dense layers
  int64_t vocabulary = 0;
  int64_t max_context = 0;  // tokens the published weights were made for
  int64_t window = 0;       // tokens that windowed layers see
  int64_t positions = 0;    // learned position embeddings
  int64_t norms = 2;        // of a layer, each of the width of the residual stream
  bool tie_embeddings = false;
  bool qk_norm = false;
  bool gated = true;         // the MLP has a gate: three matrices instead of two
  bool qkv_bias = false;     // queries, keys, values
  bool output_bias = false;  // after attention
  bool mlp_bias = false;
  bool norm_bias = false;
  bool output_gate = false;  // queries come with a gate of their size
  LatentAttention mla;
  Experts experts;
  LinearAttention linear;
  std::vector<LayerRun> runs;  // empty: all layers alike, dense, with full attention
  Quantisation quantisation;
  double published_parameters = 0.0;
  double published_active = 0.0;

  bool is_latent() const { return mla.kv_rank > 0; }
  std::vector<LayerRun> layer_runs() const;
  // Tokens that windowed layers see; 0: there is no such layer.
  int64_t attention_window() const;

  // Weights of the matrices of all layers, without embedding, head and router: what quantisation is about.
  double matrix_parameters() const;
  // Those of them that belong to routed experts.
  double expert_parameters() const;
  double parameters() const;
  // The same for one token, which visits experts.per_token of the experts.
  double active_matrix_parameters() const;
  double active_parameters() const;
  // Of one layer.
  double attention_matrix(const LayerRun& layer) const;
  double dense_mlp_matrix() const;
  double expert_matrix() const;  // of one routed expert
  double shared_matrix() const;  // of the shared experts
  double router_parameters() const;
};

template <class Visitor>
void describe(Visitor& v, LatentAttention& a) {
  const config::Bounds width{0, 1e6};
  v.field("query_rank", a.query_rank, width, "of the queries; 0: projected in one go");
  v.field("kv_rank", a.kv_rank, width, "of keys and values: what the cache holds");
  v.field("rope_dim", a.rope_dim, width, "of a head, with the position; also in the cache");
  v.field("nope_dim", a.nope_dim, width, "of a head, without the position");
  v.field("value_dim", a.value_dim, width, "of a head");
}

template <class Visitor>
void describe(Visitor& v, Experts& e) {
  const config::Bounds width{0, 1e9};
  v.field("count", e.count, config::Bounds{0, 1e5}, "routed experts of a layer");
  v.field("per_token", e.per_token, config::Bounds{0, 1e5}, "experts that a token visits");
  v.field("inter", e.inter, width, "inner width of one expert");
  v.field("shared_inter", e.shared_inter, width, "inner width of all shared experts together");
  v.field("shared_gate", e.shared_gate, "the shared experts have a gate");
  v.field("bias", e.bias, "router and experts have biases");
}

template <class Visitor>
void describe(Visitor& v, LinearAttention& a) {
  const config::Bounds count{0, 1e6};
  v.field("key_heads", a.key_heads, count, "heads of queries and keys");
  v.field("value_heads", a.value_heads, count, "heads of values");
  v.field("key_dim", a.key_dim, count, "width of a key head");
  v.field("value_dim", a.value_dim, count, "width of a value head");
  v.field("convolution", a.convolution, count, "taps of the convolution before it");
}

template <class Visitor>
void describe(Visitor& v, LayerRun& r) {
  v.field("count", r.count, config::Bounds{1, 1e4}, "layers of this kind");
  v.field("windowed", r.windowed, "they attend to the last `window` tokens");
  v.field("experts", r.experts, "a mixture of experts instead of the dense MLP");
  v.field("linear", r.linear, "linear attention");
}

template <class Visitor>
void describe(Visitor& v, LLM& m) {
  using config::Bounds, config::Need;
  const Bounds count{1, 1e9};
  v.field("name", m.name, "the word scenarios use", Need::required);
  v.field("title", m.title, "the name people use");
  v.field("architecture", m.architecture, "model_type of Hugging Face");
  v.field("layers", m.layers, Bounds{1, 1e4}, "transformer layers", Need::required);
  v.field("hidden", m.hidden, count, "width of the residual stream", Need::required);
  v.field("heads", m.heads, Bounds{1, 1e4}, "query heads", Need::required);
  v.field("kv_heads", m.kv_heads, Bounds{1, 1e4}, "key-value heads", Need::required);
  v.field("head_dim", m.head_dim, Bounds{1, 1e4}, "width of a head", Need::required);
  v.field("ffn", m.ffn, Bounds{0, 1e9}, "inner width of the dense MLP", Need::required);
  v.field("vocabulary", m.vocabulary, count, "tokens", Need::required);
  v.field("max_context", m.max_context, count, "tokens", Need::required);
  v.field("window", m.window, Bounds{0, 1e9}, "tokens that windowed layers attend to");
  v.field("positions", m.positions, Bounds{0, 1e9}, "learned position embeddings");
  v.field("norms", m.norms, Bounds{0, 8}, "norms of a layer");
  v.field("tie_embeddings", m.tie_embeddings, "the head reuses the embedding");
  v.field("qk_norm", m.qk_norm, "queries and keys are normalised");
  v.field("gated", m.gated, "the MLP has a gate");
  v.field("qkv_bias", m.qkv_bias, "biases of queries, keys and values");
  v.field("output_bias", m.output_bias, "bias after attention");
  v.field("mlp_bias", m.mlp_bias, "biases of the MLP");
  v.field("norm_bias", m.norm_bias, "norms have a bias");
  v.field("output_gate", m.output_gate, "queries come with a gate of their size");
  v.section("mla", m.mla, "multi-head latent attention");
  v.section("experts", m.experts, "mixture of experts");
  v.section("linear", m.linear, "linear attention");
  v.sections("runs", m.runs, "layers of one kind, in order; absent: all alike and dense");
  v.section("quantisation", m.quantisation, "of the published weights");
  v.field("parameters", m.published_parameters, Dimension::number, config::kNotNegative, "as published");
  v.field("active_parameters", m.published_active, Dimension::number, config::kNotNegative,
          "of one token, as published");
  v.known("license");
  v.known("source");
  v.known("provenance");
}

// Loads scenarios/models/<name>.yaml, a path or an inline map: a map of the keys above, a config.json of
// Hugging Face as it is, or `config:` with such a config and our own keys (name, title, parameters) around it.
// Throws ConfigError.
LLM load_llm(const config::Value& word_or_map);

}  // namespace agentsim::model
