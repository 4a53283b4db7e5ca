#include "sim/model/layer_time.hpp"

#include <algorithm>
#include <cmath>

namespace agentsim::model {
namespace {

constexpr double kActivationBytes = 2.0;  // activations are bf16 between the kernels

double real(int64_t whole) {
  return static_cast<double>(whole);
}

double share(int64_t whole, int64_t gpus) {
  return real(whole) / real(gpus);
}

}  // namespace

int64_t kv_heads_per_gpu(const LLM& llm, int64_t gpus) {
  return std::max<int64_t>(1, llm.kv_heads / gpus);
}

double cache_elements(const LLM& llm, const LayerRun& layer, int64_t gpus) {
  if (layer.linear) return 0.0;
  if (llm.is_latent()) return real(llm.mla.kv_rank + llm.mla.rope_dim);
  return real(2 * kv_heads_per_gpu(llm, gpus) * llm.head_dim);
}

double state_bytes(const LLM& llm, int64_t gpus) {
  const LinearAttention& l = llm.linear;
  const double convolved = real(2 * l.key_heads * l.key_dim + l.value_heads * l.value_dim);
  return (4.0 * real(l.value_heads * l.key_dim * l.value_dim) +
          kActivationBytes * convolved * real(std::max<int64_t>(0, l.convolution - 1))) /
         real(gpus);
}

double state_flop(const LLM& llm) {
  return 6.0 * real(llm.linear.value_heads * llm.linear.key_dim * llm.linear.value_dim);
}

LayerTime::LayerTime(const LLM& llm, const Precision& precision, const Accelerator& gpu, const Cut& cut)
    : llm_(llm), gpu_(gpu), cut_(cut), routed_(product(precision, gpu)), rest_(rest_product(precision, gpu)) {
  attention_.heads = share(llm.heads, cut.attention);
  attention_.head_dim = real(llm.head_dim);
  attention_.kv_heads = real(kv_heads_per_gpu(llm, cut.attention));
  attention_.kv_dtype = attention_type(precision.kv);
  if (!llm.is_latent()) return;
  latent_ = {attention_.heads, real(llm.mla.kv_rank), real(llm.mla.rope_dim), attention_.kv_dtype};
  attention_.kv_heads = attention_.heads;
  attention_.head_dim = real(llm.mla.nope_dim + llm.mla.rope_dim);
  attention_.value_dim = real(llm.mla.value_dim);
  attention_.kv_dtype = "bf16";
  without_copy_ = gpu;
  without_copy_.efficiency.prefill_attention.at("bf16").cache_memory = 0.0;
}

double LayerTime::matrix(const Product& product, double tokens, double out, double in) const {
  const double kept = product.bytes == dtype_bytes(product.compute) ? 0.0 : product.bytes;
  return gemm_s(gpu_, product.compute, tokens, out, in, true, kept);
}

void LayerTime::projections(const LayerRun& layer, double tokens, const KernelSink& sink) const {
  const double hidden = real(llm_.hidden);
  // A norm with the residual added reads and writes both streams.
  const double norm = elementwise_s(gpu_, 4.0 * tokens * hidden * kActivationBytes);
  if (layer.linear || llm_.is_latent()) {
    layer.linear ? linear_projections(tokens, sink) : latent_projections(tokens, sink);
    sink("norms", real(llm_.norms) * norm);
    return;
  }
  const double query = attention_.heads * attention_.head_dim;
  const double key = attention_.kv_heads * attention_.head_dim;
  sink("qkv", matrix(rest_, tokens, (llm_.output_gate ? 2.0 : 1.0) * query + 2.0 * key, hidden));
  sink("attention output", matrix(rest_, tokens, hidden, query));
  sink("norms", real(llm_.norms) * norm);
  const double heads_s = elementwise_s(gpu_, 2.0 * tokens * (query + key) * kActivationBytes);
  if (llm_.positions == 0) sink("rotary", heads_s);
  if (llm_.qk_norm) sink("norms of heads", heads_s);
  if (llm_.output_gate) sink("output gate", elementwise_s(gpu_, 3.0 * tokens * query * kActivationBytes));
}

void LayerTime::linear_projections(double tokens, const KernelSink& sink) const {
  const LinearAttention& l = llm_.linear;
  const double hidden = real(llm_.hidden);
  const double keys = share(l.key_heads * l.key_dim, cut_.attention);
  const double values = share(l.value_heads * l.value_dim, cut_.attention);
  // Queries, keys, values and their gates, and two numbers a head for decay and strength.
  sink("qkv",
       matrix(rest_, tokens, 2.0 * keys + 2.0 * values + 2.0 * share(l.value_heads, cut_.attention), hidden));
  sink("convolution", elementwise_s(gpu_, 2.0 * tokens * (2.0 * keys + values) * kActivationBytes));
  sink("output gate", elementwise_s(gpu_, 3.0 * tokens * values * kActivationBytes));
  sink("attention output", matrix(rest_, tokens, hidden, values));
}

double LayerTime::linear_attention(const std::vector<Chunk>& chunks, double sequences) const {
  const LinearAttention& l = llm_.linear;
  const double states = state_bytes(llm_, cut_.attention);
  double seconds = 0.0;
  if (!chunks.empty()) {
    constexpr double kChunk = 64.0;
    double tokens = 0.0;
    for (const Chunk& chunk : chunks) tokens += chunk.tokens;
    const double key = real(l.key_dim), value = real(l.value_dim);
    // Within a chunk: keys and queries against keys, the triangular solve for both, scores against values; then the state.
    const double flop =
        tokens * (share(l.value_heads, cut_.attention) * 2.0 * kChunk * (3.0 * key + 2.0 * value) +
                  state_flop(llm_) / real(cut_.attention));
    const double moved =
        2.0 * tokens * kActivationBytes *
            (share(l.key_heads, cut_.attention) * key + share(l.value_heads, cut_.attention) * value) +
        2.0 * states * static_cast<double>(chunks.size());
    const auto& kernel = gpu_.efficiency.prefill_attention.at("bf16");
    seconds +=
        kernel.launch_s + std::max(flop / (gpu_.peak.bf16 * kernel.compute), elementwise_s(gpu_, moved));
  }
  if (sequences > 0.0) seconds += elementwise_s(gpu_, 2.0 * states * sequences);
  return seconds;
}

void LayerTime::latent_projections(double tokens, const KernelSink& sink) const {
  const double hidden = real(llm_.hidden);
  const double query = latent_.heads * attention_.head_dim;
  const double latent = latent_.rank + latent_.rope_dim;
  if (llm_.mla.query_rank > 0) {
    // Down-projections are one matrix, which every GPU has whole.
    sink("down-projections", matrix(rest_, tokens, real(llm_.mla.query_rank) + latent, hidden));
    sink("queries", matrix(rest_, tokens, query, real(llm_.mla.query_rank)));
  } else {
    sink("queries", matrix(rest_, tokens, query, hidden));
    sink("down-projections", matrix(rest_, tokens, latent, hidden));
  }
  // Keys and values of prompts, or their absorption into query and output of decoding tokens: as many products.
  sink("up-projections",
       matrix(rest_, tokens, latent_.heads * real(llm_.mla.nope_dim + llm_.mla.value_dim), latent_.rank));
  sink("attention output", matrix(rest_, tokens, hidden, latent_.heads * real(llm_.mla.value_dim)));
  sink("rotary",
       elementwise_s(gpu_, 2.0 * tokens * (latent_.heads + 1.0) * latent_.rope_dim * kActivationBytes));
  sink("norms of heads",
       elementwise_s(gpu_, 2.0 * tokens * (real(llm_.mla.query_rank) + latent_.rank) * kActivationBytes));
}

void LayerTime::mlp(const LayerRun& layer, double tokens, const KernelSink& sink) const {
  if (layer.experts) {
    experts(tokens, sink);
    return;
  }
  const double ffn = share(llm_.ffn, cut_.dense);
  const double hidden = real(llm_.hidden);
  sink(llm_.gated ? "gate and up" : "up", matrix(rest_, tokens, (llm_.gated ? 2.0 : 1.0) * ffn, hidden));
  sink("down", matrix(rest_, tokens, hidden, ffn));
  sink("activation", elementwise_s(gpu_, (llm_.gated ? 3.0 : 2.0) * tokens * ffn * kActivationBytes));
}

void LayerTime::experts(double tokens, const KernelSink& sink) const {
  const double count = real(llm_.experts.count);
  const double visits = real(llm_.experts.per_token);
  MoEShape shape;
  shape.hidden = real(llm_.hidden);
  shape.inter = share(llm_.experts.inter, cut_.expert_inter);
  shape.experts = share(llm_.experts.count, cut_.experts);
  shape.topk = visits / real(cut_.experts);
  shape.touched =
      visits < count ? shape.experts * -std::expm1(tokens * std::log1p(-visits / count)) : shape.experts;
  shape.skew = cut_.expert_skew;
  shape.dtype = routed_.compute;
  shape.kept = routed_.kept;
  shape.gated = llm_.gated;
  shape.weight_bytes = routed_.bytes == dtype_bytes(routed_.compute) ? 0.0 : routed_.bytes;
  sink("experts", moe_s(gpu_, shape, tokens));
}

void LayerTime::beside_experts(const LayerRun& layer, double tokens, const KernelSink& sink) const {
  if (!layer.experts) return;
  const double hidden = real(llm_.hidden);
  const double count = real(llm_.experts.count);
  // Router in bf16, then softmax and the choice of the experts.
  sink("router", gemm_s(gpu_, "bf16", tokens, count, hidden, true) +
                     elementwise_s(gpu_, tokens * count * kActivationBytes));
  if (llm_.experts.shared_inter == 0) return;
  const double inter = share(llm_.experts.shared_inter, cut_.shared);
  sink("shared experts", matrix(rest_, tokens, 2.0 * inter, hidden) +
                             elementwise_s(gpu_, 3.0 * tokens * inter * kActivationBytes) +
                             matrix(rest_, tokens, hidden, inter));
}

bool LayerTime::joins_decode() const {
  return !llm_.is_latent() && gpu_.efficiency.prefill_attention.at(attention_.kv_dtype).joins_decode;
}

void LayerTime::prefill_attention(const LayerRun& layer, const std::vector<Chunk>& chunks,
                                  const KernelSink& sink) const {
  if (chunks.empty()) return;
  AttentionShape shape = attention_;
  if (layer.windowed) shape.window = real(llm_.window);
  const char* const kernel = layer.windowed ? "windowed attention" : "attention";
  if (!llm_.is_latent()) {
    sink(kernel, prefill_attention_s(gpu_, shape, chunks));
    return;
  }
  double cached = 0.0;
  for (const Chunk& chunk : chunks) cached += chunk.cached;
  if (cached > 0.0)
    sink("up-projections of the cache",
         matrix(rest_, cached, latent_.heads * real(llm_.mla.nope_dim + llm_.mla.value_dim), latent_.rank));
  sink(kernel, prefill_attention_s(without_copy_, shape, chunks));
}

Affine LayerTime::decode_attention(double sequences, double width) const {
  if (llm_.is_latent()) {
    LatentShape shape = latent_;
    shape.heads *= width;
    return latent_decode_s(gpu_, shape, sequences);
  }
  return decode_attention_s(gpu_, attention_, sequences);
}

double LayerTime::activations(double tokens, double bytes) const {
  return elementwise_s(gpu_, tokens * real(llm_.hidden) * bytes);
}

void LayerTime::embedding(double tokens, const KernelSink& sink) const {
  sink("embedding", elementwise_s(gpu_, 2.0 * tokens * real(llm_.hidden) * kActivationBytes));
}

void LayerTime::head(double sequences, const KernelSink& sink) const {
  if (sequences <= 0.0) return;
  const double vocabulary = real(llm_.vocabulary);
  sink("head", gemm_s(gpu_, "bf16", sequences, vocabulary / real(cut_.dense), real(llm_.hidden)));
  // Sampling reads the bf16 logits, writes them as fp32 and passes over those twice.
  sink("sampling", elementwise_s(gpu_, sequences * vocabulary * (2.0 + 3.0 * 4.0)));
}

}  // namespace agentsim::model
