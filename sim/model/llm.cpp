#include "sim/model/llm.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "sim/config/library.hpp"
#include "sim/model/hf_config.hpp"

namespace agentsim::model {
namespace {

double real(int64_t whole) {
  return static_cast<double>(whole);
}

// What stands around a `config:` of Hugging Face.
template <class Visitor>
void describe_wrapper(Visitor& v, LLM& m) {
  v.field("name", m.name, "the word scenarios use", config::Need::required);
  v.field("title", m.title, "the name people use");
  v.field("parameters", m.published_parameters, Dimension::number, config::kPositive, "as published");
  v.field("active_parameters", m.published_active, Dimension::number, config::kPositive,
          "of one token, as published");
  for (const char* key : {"config", "license", "source", "provenance"}) v.known(key);
}

bool is_hf(const config::Value& map) {
  return map.find("model_type") != nullptr || map.find("architectures") != nullptr;
}

// "models/Qwen3-8B/config.json" is Qwen3-8B.
std::string name_of(const config::Value& map) {
  const std::filesystem::path file(map.file());
  if (file.stem() != "config") return file.stem().string();
  const std::string folder = file.parent_path().filename().string();
  return folder.empty() ? "config" : folder;
}

void check_shape(const config::Value& map, LLM& llm, Diagnostics& diagnostics) {
  if (llm.heads % llm.kv_heads != 0) diagnostics.add(map.mistake("'kv_heads' does not divide 'heads'"));
  int64_t sum = 0;
  bool windowed = false, experts = false, dense = false;
  for (const LayerRun& run : llm.layer_runs()) {
    sum += run.count;
    windowed |= run.windowed;
    (run.experts ? experts : dense) = true;
  }
  if (sum != llm.layers)
    diagnostics.add(map.mistake(fmt::format("'runs' has {} layers, but 'layers' says {}", sum, llm.layers)));
  if (windowed && llm.window == 0) diagnostics.add(map.mistake("windowed layers want a 'window' above 0"));
  if (experts && (llm.experts.count < 1 || llm.experts.per_token < 1 || llm.experts.inter < 1))
    diagnostics.add(map.mistake("layers with experts want 'experts' with count, per_token and inter"));
  if (experts && llm.experts.per_token > llm.experts.count)
    diagnostics.add(map.mistake(
        fmt::format("a token cannot visit {} of {} experts", llm.experts.per_token, llm.experts.count)));
  if (dense && llm.ffn == 0) diagnostics.add(map.mistake("dense layers want an 'ffn' above 0"));
}

}  // namespace

std::vector<LayerRun> LLM::layer_runs() const {
  if (!runs.empty()) return runs;
  LayerRun all;
  all.count = layers;
  return {all};
}

int64_t LLM::attention_window() const {
  for (const LayerRun& run : layer_runs())
    if (run.windowed) return window;
  return 0;
}

double LLM::attention_matrix(const LayerRun& layer) const {
  if (layer.linear) {
    const int64_t keys = linear.key_heads * linear.key_dim;
    const int64_t values = linear.value_heads * linear.value_dim;
    return real(hidden * (2 * keys + 3 * values + 2 * linear.value_heads));
  }
  if (!is_latent()) return real(hidden * head_dim * ((output_gate ? 3 : 2) * heads + 2 * kv_heads));
  const int64_t query = heads * (mla.nope_dim + mla.rope_dim);
  const int64_t queries = mla.query_rank > 0 ? mla.query_rank * (hidden + query) : hidden * query;
  return real(queries + hidden * (mla.kv_rank + mla.rope_dim) +
              mla.kv_rank * heads * (mla.nope_dim + mla.value_dim) + heads * mla.value_dim * hidden);
}

double LLM::dense_mlp_matrix() const {
  return real((gated ? 3 : 2) * hidden * ffn);
}

double LLM::expert_matrix() const {
  return real((gated ? 3 : 2) * hidden * experts.inter);
}

double LLM::shared_matrix() const {
  return real(3 * hidden * experts.shared_inter);
}

double LLM::router_parameters() const {
  return real(hidden * experts.count + (experts.shared_gate ? hidden : 0));
}

double LLM::matrix_parameters() const {
  double sum = 0.0;
  for (const LayerRun& run : layer_runs()) {
    const double mlp =
        run.experts ? real(experts.count) * expert_matrix() + shared_matrix() : dense_mlp_matrix();
    sum += real(run.count) * (attention_matrix(run) + mlp);
  }
  return sum;
}

double LLM::expert_parameters() const {
  double sum = 0.0;
  for (const LayerRun& run : layer_runs())
    if (run.experts) sum += real(run.count * experts.count) * expert_matrix();
  return sum;
}

double LLM::active_matrix_parameters() const {
  if (experts.count == 0) return matrix_parameters();
  return matrix_parameters() - expert_parameters() * (1.0 - real(experts.per_token) / real(experts.count));
}

double LLM::parameters() const {
  double sum = matrix_parameters() + real(vocabulary * hidden) * (tie_embeddings ? 1.0 : 2.0) +
               real(positions * hidden);
  for (const LayerRun& run : layer_runs()) {
    double layer = real(norms * hidden) * (norm_bias ? 2.0 : 1.0);
    if (run.linear) {
      const int64_t keys = linear.key_heads * linear.key_dim;
      const int64_t values = linear.value_heads * linear.value_dim;
      layer += real((2 * keys + values) * linear.convolution + 2 * linear.value_heads + linear.value_dim);
    } else {
      if (qk_norm) layer += real(2 * head_dim);
      if (qkv_bias) layer += real((heads + 2 * kv_heads) * head_dim);
      if (output_bias) layer += real(hidden);
      if (is_latent()) layer += real(mla.query_rank + mla.kv_rank);
    }
    if (run.experts) {
      layer += router_parameters();
      if (experts.bias) layer += real(experts.count * ((gated ? 2 : 1) * experts.inter + hidden + 1));
    } else if (mlp_bias) {
      layer += real((gated ? 2 : 1) * ffn + hidden);
    }
    sum += real(run.count) * layer;
  }
  return sum + real(hidden) * (norm_bias ? 2.0 : 1.0);
}

double LLM::active_parameters() const {
  return parameters() - matrix_parameters() + active_matrix_parameters();
}

LLM load_llm(const config::Value& word_or_map) {
  Diagnostics diagnostics;
  config::Value map;
  LLM llm;
  if (config::Library::load(word_or_map, "model", "scenarios/models", map, diagnostics)) {
    const config::Value* inner = map.find("config");
    if (inner != nullptr || is_hf(map)) {
      if (inner != nullptr) {
        config::Reader reader(map, "the model", diagnostics);
        describe_wrapper(reader, llm);
        reader.finish();
      } else {
        llm.name = name_of(map);
      }
      read_hf_config(inner != nullptr ? *inner : map, llm, diagnostics);
    } else {
      config::read_map(map, "the model", llm, diagnostics);
    }
    if (diagnostics.empty()) check_shape(map, llm, diagnostics);
  }
  diagnostics.throw_if_any();
  return llm;
}

}  // namespace agentsim::model
