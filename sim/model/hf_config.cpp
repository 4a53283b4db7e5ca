#include "sim/model/hf_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>

#include "sim/base/suggest.hpp"
#include "sim/model/hf_fields.hpp"
#include "sim/model/hf_quantisation.hpp"

namespace agentsim::model {
namespace {

using Kind = std::function<LayerRun(int64_t layer)>;

// One entry a layer, joined where neighbours are alike.
void set_runs(LLM& llm, const Kind& kind) {
  llm.runs.clear();
  for (int64_t layer = 0; layer < std::min<int64_t>(llm.layers, 10'000); ++layer) {
    const LayerRun run = kind(layer);
    if (!llm.runs.empty()) {
      LayerRun& last = llm.runs.back();
      if (last.windowed == run.windowed && last.experts == run.experts && last.linear == run.linear) {
        ++last.count;
        continue;
      }
    }
    llm.runs.push_back(run);
  }
}

// What most have in common.
void read_common(HfFields& f, LLM& llm) {
  llm.hidden = f.need({"hidden_size", "n_embed", "n_embd"});
  llm.layers = f.need({"num_hidden_layers", "n_layer"});
  llm.heads = f.need({"num_attention_heads", "n_head"});
  llm.vocabulary = f.need({"vocab_size"});
  llm.kv_heads = f.get("num_key_value_heads", llm.heads);
  llm.head_dim = f.get("head_dim", std::max<int64_t>(1, llm.hidden / std::max<int64_t>(1, llm.heads)));
  if (llm.kv_heads < 1 || llm.head_dim < 1) f.mistake("'num_key_value_heads' and 'head_dim' must be above 0");
  llm.kv_heads = std::max<int64_t>(1, llm.kv_heads);
  llm.head_dim = std::max<int64_t>(1, llm.head_dim);
  llm.max_context = std::max<int64_t>(1, f.get("max_position_embeddings", f.get("seq_length", 2048)));
  llm.tie_embeddings = f.flag("tie_word_embeddings", false);
}

void read_llama(HfFields& f, LLM& llm) {
  read_common(f, llm);
  llm.ffn = f.need({"intermediate_size"});
  llm.qkv_bias = llm.output_bias = f.flag("attention_bias", false);
  llm.mlp_bias = f.flag("mlp_bias", false);
}

// Mistral's window covers every layer.
void read_mistral(HfFields& f, LLM& llm) {
  read_llama(f, llm);
  llm.window = f.get("sliding_window", 0);
  if (llm.window >= llm.max_context) llm.window = 0;
  if (llm.window > 0) set_runs(llm, [](int64_t) { return LayerRun{1, true, false, false}; });
}

void read_experts(HfFields& f, LLM& llm, const std::vector<std::string>& count, const std::string& inter) {
  llm.experts.count = f.need(count);
  llm.experts.per_token = f.need({"num_experts_per_tok", "experts_per_token"});
  llm.experts.inter = f.need({inter});
}

void read_mixtral(HfFields& f, LLM& llm) {
  read_mistral(f, llm);
  read_experts(f, llm, {"num_local_experts"}, "intermediate_size");
  llm.ffn = 0;
  const bool windowed = llm.window > 0;
  set_runs(llm, [windowed](int64_t) { return LayerRun{1, windowed, true, false}; });
}

void read_phimoe(HfFields& f, LLM& llm) {
  read_mixtral(f, llm);
  llm.norm_bias = true;
}

// Qwen2 has biases of queries, keys and values; Qwen3 norms of queries and keys instead.
void read_qwen2(HfFields& f, LLM& llm) {
  read_llama(f, llm);
  llm.qkv_bias = true;
  llm.output_bias = false;
  if (!f.flag("use_sliding_window", false)) return;
  llm.window = f.get("sliding_window", 0);
  const int64_t full = f.get("max_window_layers", llm.layers);
  if (llm.window > 0)
    set_runs(llm, [full](int64_t layer) { return LayerRun{1, layer >= full, false, false}; });
}

void read_qwen3(HfFields& f, LLM& llm) {
  read_llama(f, llm);
  llm.qk_norm = true;
}

Kind sparse_layers(HfFields& f) {
  const int64_t every = std::max<int64_t>(1, f.get("decoder_sparse_step", 1));
  const std::vector<std::string> dense = f.words("mlp_only_layers");
  return [every, dense](int64_t layer) {
    const bool listed = std::find(dense.begin(), dense.end(), std::to_string(layer)) != dense.end();
    return LayerRun{1, false, !listed && (layer + 1) % every == 0, false};
  };
}

void read_qwen2_moe(HfFields& f, LLM& llm) {
  read_qwen2(f, llm);
  read_experts(f, llm, {"num_experts"}, "moe_intermediate_size");
  llm.experts.shared_inter = f.need({"shared_expert_intermediate_size"});
  llm.experts.shared_gate = true;
  set_runs(llm, sparse_layers(f));
}

void read_qwen3_moe(HfFields& f, LLM& llm) {
  read_qwen3(f, llm);
  read_experts(f, llm, {"num_experts"}, "moe_intermediate_size");
  set_runs(llm, sparse_layers(f));
}

// Three layers of gated delta net to one of attention, all with experts.
void read_qwen3_next(HfFields& f, LLM& llm) {
  read_qwen3_moe(f, llm);
  llm.experts.shared_inter = f.need({"shared_expert_intermediate_size"});
  llm.experts.shared_gate = true;
  llm.output_gate = true;
  llm.linear.key_heads = f.need({"linear_num_key_heads"});
  llm.linear.value_heads = f.need({"linear_num_value_heads"});
  llm.linear.key_dim = f.need({"linear_key_head_dim"});
  llm.linear.value_dim = f.need({"linear_value_head_dim"});
  llm.linear.convolution = f.need({"linear_conv_kernel_dim"});
  const int64_t every = std::max<int64_t>(1, f.get("full_attention_interval", 4));
  const Kind sparse = sparse_layers(f);
  set_runs(llm, [every, sparse](int64_t layer) {
    LayerRun run = sparse(layer);
    run.linear = (layer + 1) % every != 0;
    return run;
  });
}

Kind first_dense(HfFields& f) {
  const int64_t dense = f.get("first_k_dense_replace", 0);
  const int64_t every = std::max<int64_t>(1, f.get("moe_layer_freq", 1));
  return [dense, every](int64_t layer) {
    return LayerRun{1, false, layer >= dense && layer % every == 0, false};
  };
}

void read_routed(HfFields& f, LLM& llm) {
  read_experts(f, llm, {"n_routed_experts"}, "moe_intermediate_size");
  llm.experts.shared_inter = f.get("n_shared_experts", 0) * llm.experts.inter;
  set_runs(llm, first_dense(f));
}

// DeepSeek V2, V3, R1 and Kimi K2.
void read_deepseek(HfFields& f, LLM& llm) {
  read_llama(f, llm);
  llm.mla.query_rank = f.get("q_lora_rank", 0);
  llm.mla.kv_rank = f.need({"kv_lora_rank"});
  llm.mla.rope_dim = f.need({"qk_rope_head_dim"});
  llm.mla.nope_dim = f.need({"qk_nope_head_dim"});
  llm.mla.value_dim = f.need({"v_head_dim"});
  llm.head_dim = llm.mla.nope_dim + llm.mla.rope_dim;
  llm.kv_heads = llm.heads;
  read_routed(f, llm);
}

void read_gpt_oss(HfFields& f, LLM& llm) {
  read_llama(f, llm);
  llm.qkv_bias = llm.output_bias = f.flag("attention_bias", true);
  read_experts(f, llm, {"num_local_experts", "num_experts"}, "intermediate_size");
  llm.experts.bias = true;
  llm.ffn = 0;
  llm.window = f.get("sliding_window", 0);
  const std::vector<std::string> types = f.words("layer_types");
  const bool has_window = llm.window > 0;
  set_runs(llm, [types, has_window](int64_t layer) {
    const auto index = static_cast<size_t>(layer);
    const bool windowed = index < types.size() ? types[index] == "sliding_attention" : layer % 2 == 0;
    return LayerRun{1, windowed && has_window, true, false};
  });
}

void read_glm(HfFields& f, LLM& llm) {
  read_llama(f, llm);
  llm.output_bias = false;
}

void read_glm4(HfFields& f, LLM& llm) {
  read_glm(f, llm);
  llm.norms = 4;
}

void read_glm4_moe(HfFields& f, LLM& llm) {
  read_glm(f, llm);
  llm.qk_norm = f.flag("use_qk_norm", false);
  read_routed(f, llm);
}

// Every `every`-th layer sees everything, the others a window.
void set_gemma_windows(HfFields& f, LLM& llm, int64_t window, int64_t every) {
  llm.window = f.get("sliding_window", window);
  const std::vector<std::string> types = f.words("layer_types");
  set_runs(llm, [types, every](int64_t layer) {
    const auto index = static_cast<size_t>(layer);
    const bool windowed =
        index < types.size() ? types[index] == "sliding_attention" : (layer + 1) % every != 0;
    return LayerRun{1, windowed, false, false};
  });
}

void read_gemma2(HfFields& f, LLM& llm) {
  read_llama(f, llm);
  llm.head_dim = f.get("head_dim", 256);
  llm.tie_embeddings = f.flag("tie_word_embeddings", true);
  llm.norms = 4;
  set_gemma_windows(f, llm, 4096, 2);
}

// Published configs leave out what equals the defaults of transformers' Gemma3TextConfig.
void read_gemma3(HfFields& f, LLM& llm) {
  llm.hidden = f.need({"hidden_size"});
  llm.layers = f.need({"num_hidden_layers"});
  llm.ffn = f.need({"intermediate_size"});
  llm.heads = std::max<int64_t>(1, f.get("num_attention_heads", 8));
  llm.kv_heads = std::max<int64_t>(1, f.get("num_key_value_heads", 4));
  llm.head_dim = std::max<int64_t>(1, f.get("head_dim", 256));
  llm.vocabulary = f.get("vocab_size", 262208);
  llm.max_context = std::max<int64_t>(1, f.get("max_position_embeddings", 131072));
  llm.tie_embeddings = f.flag("tie_word_embeddings", true);
  llm.qk_norm = true;
  llm.norms = 4;
  set_gemma_windows(f, llm, 4096, std::max<int64_t>(1, f.get("sliding_window_pattern", 6)));
}

// The MLP of four times the width, with biases everywhere and no gate.
void read_wide(HfFields& f, LLM& llm, bool bias) {
  read_common(f, llm);
  llm.gated = false;
  llm.ffn = 4 * llm.hidden;
  llm.norm_bias = true;
  llm.qkv_bias = llm.output_bias = llm.mlp_bias = bias;
  llm.tie_embeddings = f.flag("tie_word_embeddings", true);
}

void read_bloom(HfFields& f, LLM& llm) {
  read_wide(f, llm, true);
}

void read_opt(HfFields& f, LLM& llm) {
  read_wide(f, llm, f.flag("enable_bias", true));
  llm.ffn = f.need({"ffn_dim"});
  llm.positions = llm.max_context + 2;
}

// One or two norms feed attention and MLP side by side.
void read_falcon(HfFields& f, LLM& llm) {
  read_wide(f, llm, f.flag("bias", false));
  llm.ffn = f.get("ffn_hidden_size", llm.ffn);
  const bool is_new = f.flag("new_decoder_architecture", false);
  if (is_new)
    llm.kv_heads = std::max<int64_t>(1, f.get("num_kv_heads", llm.heads));
  else
    llm.kv_heads = f.flag("multi_query", true) ? 1 : llm.heads;
  llm.norms = is_new || !f.flag("parallel_attn", true) ? 2 : 1;
}

const std::map<std::string, void (*)(HfFields&, LLM&)>& families() {
  static const std::map<std::string, void (*)(HfFields&, LLM&)> all{
      {"bloom", read_bloom},
      {"deepseek_v2", read_deepseek},
      {"deepseek_v3", read_deepseek},
      {"falcon", read_falcon},
      {"gemma2", read_gemma2},
      {"gemma3_text", read_gemma3},
      {"glm", read_glm},
      {"glm4", read_glm4},
      {"glm4_moe", read_glm4_moe},
      {"gpt_oss", read_gpt_oss},
      {"kimi_k2", read_deepseek},
      {"llama", read_llama},
      {"mistral", read_mistral},
      {"mixtral", read_mixtral},
      {"opt", read_opt},
      {"phi3", read_mistral},
      {"phimoe", read_phimoe},
      {"qwen2", read_qwen2},
      {"qwen2_moe", read_qwen2_moe},
      {"qwen3", read_qwen3},
      {"qwen3_moe", read_qwen3_moe},
      {"qwen3_next", read_qwen3_next},
  };
  return all;
}

// "unknown architecture", what a llama-like reading would still lack, and what is known.
void report_unknown(const config::Value& map, const config::Value& word, Diagnostics& diagnostics) {
  Diagnostic d = word.mistake(fmt::format("unknown architecture '{}'", word.scalar()));
  d.suggestion = nearest(word.scalar(), hf_architectures());
  d.valid = hf_architectures();
  Diagnostics ignored;
  HfFields as_llama(map, ignored);
  LLM trial;
  read_llama(as_llama, trial);
  d.note = as_llama.missing().empty()
               ? "if its layers are those of a known one, set model_type to that"
               : fmt::format("read as llama it would lack: {}", fmt::join(as_llama.missing(), ", "));
  diagnostics.add(std::move(d));
}

}  // namespace

std::vector<std::string> hf_architectures() {
  std::vector<std::string> names;
  for (const auto& [name, read] : families()) names.push_back(name);
  return names;
}

void read_hf_config(const config::Value& map, LLM& out, Diagnostics& diagnostics) {
  if (!map.is_map()) {
    diagnostics.add(
        map.mistake(fmt::format("a config of Hugging Face is a map of keys, not {}", map.kind_name())));
    return;
  }
  const config::Value* type = map.find("model_type");
  const config::Value* text = map.find("text_config");
  const bool is_known = type != nullptr && families().count(type->scalar()) > 0;
  if (!is_known && text != nullptr && text->is_map()) {
    read_hf_config(*text, out, diagnostics);
    if (out.quantisation.weights.empty()) read_hf_quantisation(map, out.quantisation, diagnostics);
    return;
  }
  if (type == nullptr || !type->is_scalar()) {
    Diagnostic d = map.mistake("the config of Hugging Face lacks the key 'model_type'");
    d.valid = hf_architectures();
    diagnostics.add(std::move(d));
    return;
  }
  if (!is_known) {
    report_unknown(map, *type, diagnostics);
    return;
  }
  HfFields fields(map, diagnostics);
  out.architecture = type->scalar();
  families().at(type->scalar())(fields, out);
  if (!fields.missing().empty())
    diagnostics.add(map.mistake(fmt::format("the config of a {} model lacks: {}", type->scalar(),
                                            fmt::join(fields.missing(), ", "))));
  read_hf_quantisation(map, out.quantisation, diagnostics);
}

}  // namespace agentsim::model
