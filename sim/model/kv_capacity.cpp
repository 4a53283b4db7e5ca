#include "sim/model/kv_capacity.hpp"

#include <algorithm>
#include <cmath>

namespace agentsim::model {
namespace {

double real(int64_t whole) {
  return static_cast<double>(whole);
}

// Matrices of the layers of a stage on one GPU.
double matrix_bytes(const Deployment& d, const platform::Accelerator& gpu, const LLM& llm,
                    const Stage& stage) {
  const Cut cut = cut_of(d);
  const double routed = product(d.precision, gpu).bytes;
  const double rest = rest_product(d.precision, gpu).bytes;
  double bytes = 0.0;
  for (const LayerRun& kind : stage.kinds) {
    double layer = llm.attention_matrix(kind) / real(cut.attention) * rest;
    if (llm.is_latent()) {
      // Every GPU has the down-projections whole.
      const double down = real(llm.hidden * (llm.mla.query_rank + llm.mla.kv_rank + llm.mla.rope_dim));
      layer += down * (1.0 - 1.0 / real(cut.attention)) * rest;
    }
    if (kind.experts)
      layer += real(llm.experts.count) * llm.expert_matrix() / real(cut.experts * cut.expert_inter) * routed +
               llm.shared_matrix() / real(cut.shared) * rest;
    else
      layer += llm.dense_mlp_matrix() / real(cut.dense) * rest;
    bytes += real(kind.count) * layer;
  }
  return bytes;
}

// All weights of a stage on one GPU. Embedding, head, router and norms stay in bf16 whatever the matrices are kept in.
double weight_bytes_per_gpu(const Deployment& d, const platform::Accelerator& gpu, const LLM& llm,
                            const Stage& stage) {
  const double vocabulary = real(llm.vocabulary * llm.hidden);
  const double matrices_of_tokens = llm.tie_embeddings ? 1.0 : 2.0;
  const double others = llm.parameters() - llm.matrix_parameters() - matrices_of_tokens * vocabulary;
  const double tp = real(d.tp);
  double bytes =
      matrix_bytes(d, gpu, llm, stage) + 2.0 * others * (real(stage.layers) / real(llm.layers)) / tp;
  const bool is_shared = llm.tie_embeddings && stage.is_first && stage.is_last;
  if (stage.is_first) bytes += 2.0 * vocabulary / (d.dp_attention > 1 ? 1.0 : tp);
  if (stage.is_last && !is_shared) bytes += 2.0 * vocabulary / tp;
  return bytes;
}

// Of the cache of a token, in all layers of a stage.
struct CacheBytes {
  double full = 0.0;
  double windowed = 0.0;
  double states = 0.0;  // of a sequence
};

CacheBytes cache_bytes(const Deployment& d, const LLM& llm, const Stage& stage) {
  CacheBytes bytes;
  const int64_t sharers = d.tp / d.dp_attention;
  for (const LayerRun& kind : stage.kinds) {
    if (kind.linear) bytes.states += real(kind.count) * state_bytes(llm, sharers);
    (kind.windowed ? bytes.windowed : bytes.full) +=
        real(kind.count) * cache_elements(llm, kind, sharers) * weight_bytes(d.precision.kv);
  }
  return bytes;
}

// vLLM measures the peak with a dummy run: of the MLP the projections and their product beside the residual streams in
// bf16, and the logits of every sequence in fp32 with a copy. Experts keep rows for each visit: what goes in or comes
// out of the first product, whichever is more, and their product.
double activation_bytes(const Deployment& d) {
  const LLM& llm = d.llm;
  const double matrices = llm.gated ? 2.0 : 1.0;
  double widest = 0.0;
  for (const LayerRun& run : llm.layer_runs()) {
    const double inter = real(llm.experts.inter) * real(d.ep) / real(d.tp);
    const double mlp =
        run.experts ? real(llm.experts.per_token) * (std::max(matrices * inter, real(llm.hidden)) + inter)
                    : (matrices + 1.0) * real(llm.ffn) / real(d.tp);
    widest = std::max(widest, mlp);
  }
  const double token_bytes = 2.0 * (widest + 3.0 * real(llm.hidden));
  // Each group of attention has its share of the budget.
  return real(d.engine.token_budget) / real(d.dp_attention) * token_bytes +
         real(d.engine.max_sequences * llm.vocabulary) * 8.0;
}

KVCapacity capacity_of(const Deployment& d, const platform::Accelerator& gpu, const Stage& stage) {
  const Engine& engine = d.engine;
  KVCapacity c;
  c.memory_bytes = gpu.memory_bytes * engine.gpu_memory_utilization;
  c.weight_bytes = weight_bytes_per_gpu(d, gpu, d.llm, stage);
  c.activation_bytes = activation_bytes(d);
  c.reserve_bytes = engine.runtime_reserve_bytes;
  CacheBytes token = cache_bytes(d, d.llm, stage);
  const LLM& draft = d.speculation.draft_llm;
  if (d.speculation.tokens > 0 && draft.layers > 0) {
    const Stage whole = stages(draft, 1).front();
    // A layer of the model itself shares embedding and head with it.
    c.weight_bytes += d.speculation.draft == "mtp" ? matrix_bytes(d, gpu, draft, whole)
                                                   : weight_bytes_per_gpu(d, gpu, draft, whole);
    token.full += cache_bytes(d, draft, whole).full + cache_bytes(d, draft, whole).windowed;
  }
  const double sequences = real(engine.max_sequences) / real(d.dp_attention);
  const double states = sequences * token.states;
  const double left = c.memory_bytes - c.weight_bytes - c.activation_bytes - c.reserve_bytes - states;
  c.kv_bytes_per_token = token.full + token.windowed;
  const double windows = sequences * real(d.llm.window) * token.windowed;
  if (engine.frees_windows && token.windowed > 0.0 && token.full > 0.0 &&
      (left - windows) / token.full > left / c.kv_bytes_per_token) {
    c.window_bytes = windows;
    c.kv_bytes_per_token = token.full;
  }
  c.blocks_of_a_call = static_cast<int64_t>(
      std::floor((left - c.window_bytes) / (real(engine.block_size) * c.kv_bytes_per_token)));
  c.blocks = c.blocks_of_a_call * d.dp_attention;
  c.window_bytes += states;
  return c;
}

}  // namespace

KVCapacity kv_capacity(const Deployment& deployment, const platform::Accelerator& gpu) {
  KVCapacity least;
  bool is_first = true;
  for (const Stage& stage : stages(deployment.llm, deployment.pp)) {
    const KVCapacity c = capacity_of(deployment, gpu, stage);
    if (is_first || c.blocks < least.blocks) least = c;
    is_first = false;
  }
  if (deployment.kv_blocks > 0) {
    least.blocks = deployment.kv_blocks;
    least.blocks_of_a_call = deployment.kv_blocks / deployment.dp_attention;
  }
  return least;
}

}  // namespace agentsim::model
