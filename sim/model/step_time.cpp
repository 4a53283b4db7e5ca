#include "sim/model/step_time.hpp"

#include "sim/model/kv_capacity.hpp"

namespace agentsim::model {
namespace {

constexpr double kActivationBytes = 2.0;  // activations are bf16 between the kernels

}  // namespace

StepTime::StepTime(const Deployment& deployment, const Accelerator& gpu, const CollectiveGroup& group)
    : deployment_(deployment), gpu_(gpu), group_(group) {
  const LLM& llm = deployment_.llm;
  attention_.heads = static_cast<double>(llm.heads) / static_cast<double>(deployment_.tp);
  attention_.kv_heads = static_cast<double>(kv_heads_per_gpu(llm, deployment_.tp));
  attention_.head_dim = static_cast<double>(llm.head_dim);
  attention_.kv_dtype = deployment_.precision.kv;
}

const StepTime::Linear& StepTime::linear(int64_t tokens) const {
  const auto index = static_cast<size_t>(tokens);
  if (index >= linear_by_tokens_.size()) linear_by_tokens_.resize(index + 1);
  Linear& kept = linear_by_tokens_[index];
  if (kept.seconds >= 0.0) return kept;
  const LLM& llm = deployment_.llm;
  const auto m = static_cast<double>(tokens);
  const auto hidden = static_cast<double>(llm.hidden);
  const double ffn = static_cast<double>(llm.ffn) / static_cast<double>(deployment_.tp);
  const double query = attention_.heads * attention_.head_dim;
  const double key = attention_.kv_heads * attention_.head_dim;
  const std::string& dtype = deployment_.precision.weights;
  double layer = gemm_s(gpu_, dtype, m, query + 2.0 * key, hidden, true) +
                 gemm_s(gpu_, dtype, m, hidden, query, true) +
                 gemm_s(gpu_, dtype, m, 2.0 * ffn, hidden, true) + gemm_s(gpu_, dtype, m, hidden, ffn, true);
  // RMSNorm with the residual added reads and writes both streams; it stands before attention and before the
  // MLP.
  layer += 2.0 * elementwise_s(gpu_, 4.0 * m * hidden * kActivationBytes);
  layer += elementwise_s(gpu_, 2.0 * m * (query + key) * kActivationBytes);  // rotary embedding
  if (llm.qk_norm) layer += elementwise_s(gpu_, 2.0 * m * (query + key) * kActivationBytes);
  layer += elementwise_s(gpu_, 3.0 * m * ffn * kActivationBytes);  // SwiGLU
  const auto layers = static_cast<double>(llm.layers);
  const CollectiveCost reduce = group_.all_reduce(m * hidden * kActivationBytes);
  kept.collectives = reduce.times(2.0 * layers);
  kept.collectives += reduce;  // of the embedding, which is split over the vocabulary
  kept.seconds = layers * layer + elementwise_s(gpu_, 2.0 * m * hidden * kActivationBytes);
  return kept;
}

StepTime::Linear StepTime::head(int64_t sequences) const {
  Linear head;
  head.seconds = 0.0;
  if (sequences == 0) return head;
  const LLM& llm = deployment_.llm;
  const auto m = static_cast<double>(sequences);
  const auto vocabulary = static_cast<double>(llm.vocabulary);
  head.seconds = gemm_s(gpu_, "bf16", m, vocabulary / static_cast<double>(deployment_.tp),
                        static_cast<double>(llm.hidden));
  // Sampling reads the bf16 logits, writes them as fp32 and passes over those twice.
  head.seconds += elementwise_s(gpu_, m * vocabulary * (2.0 + 3.0 * 4.0));
  head.collectives = group_.all_gather(m * vocabulary * kActivationBytes);
  return head;
}

StepCost StepTime::cost(const Batch& batch) const {
  const auto layers = static_cast<double>(deployment_.llm.layers);
  StepCost cost;
  double prompt_tokens = 0.0;
  for (const Chunk& chunk : batch.chunks) prompt_tokens += chunk.tokens;
  const auto tokens = static_cast<int64_t>(prompt_tokens) + batch.decoding;
  const int64_t sampled = batch.finished_prompts + batch.decoding;
  const int64_t sequences = static_cast<int64_t>(batch.chunks.size()) + batch.decoding;
  const Linear& shared = linear(tokens);
  const Linear last = head(sampled);
  const Engine& engine = deployment_.engine;
  cost.compute.fixed_s =
      engine.host_overhead_s + engine.host_overhead_per_sequence_s * static_cast<double>(sequences) +
      engine.host_overhead_per_prompt_token_s * prompt_tokens + shared.seconds + last.seconds;
  if (batch.chunks.empty() || !gpu_.efficiency.prefill_attention.at(attention_.kv_dtype).joins_decode) {
    const Affine decode = decode_attention_s(gpu_, attention_, static_cast<double>(batch.decoding));
    cost.compute.fixed_s += layers * (prefill_attention_s(gpu_, attention_, batch.chunks) + decode.fixed_s);
    cost.compute.per_token_s = layers * decode.per_token_s;
  } else {
    std::vector<Chunk> all = batch.chunks;
    for (const double context : batch.contexts) all.push_back({1.0, context});
    cost.compute.fixed_s += layers * prefill_attention_s(gpu_, attention_, all);
  }
  cost.collectives = shared.collectives;
  cost.collectives += last.collectives;
  return cost;
}

const StepCost& StepTime::decode_cost(int64_t sequences) const {
  const auto index = static_cast<size_t>(sequences);
  while (decode_by_sequences_.size() <= index) {
    Batch batch;
    batch.decoding = static_cast<int64_t>(decode_by_sequences_.size());
    decode_by_sequences_.push_back(batch.decoding == 0 ? StepCost{} : cost(batch));
  }
  return decode_by_sequences_[index];
}

double StepTime::flop(const Work& work) const {
  const LLM& llm = deployment_.llm;
  const auto pair_flop = static_cast<double>(4 * llm.heads * llm.head_dim * llm.layers);
  return 2.0 * llm.matrix_parameters() * static_cast<double>(work.prefill_tokens + work.decode_tokens) +
         2.0 * static_cast<double>(llm.vocabulary * llm.hidden) * static_cast<double>(work.sampled) +
         pair_flop * static_cast<double>(work.doubled_pairs) / 2.0;
}

double StepTime::memory_bytes(const Work& work) const {
  const LLM& llm = deployment_.llm;
  const double weights = llm.matrix_parameters() * dtype_bytes(deployment_.precision.weights) +
                         2.0 * static_cast<double>(llm.vocabulary * llm.hidden);
  const double kv_per_token = 2.0 * static_cast<double>(llm.layers * deployment_.tp) * attention_.kv_heads *
                              attention_.head_dim * dtype_bytes(deployment_.precision.kv);
  return weights * static_cast<double>(work.steps) +
         kv_per_token * static_cast<double>(work.cache_tokens_read);
}

}  // namespace agentsim::model
