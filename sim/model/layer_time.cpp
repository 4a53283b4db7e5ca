#include "sim/model/layer_time.hpp"

#include <algorithm>
#include <cmath>

namespace agentsim::model {
namespace {

constexpr double kActivationBytes = 2.0;  // activations are bf16 between the kernels
constexpr double kReadyFor = 512.0;       // tokens of a step that only decodes, usually

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
    : llm_(llm),
      gpu_(gpu),
      cut_(cut),
      routed_(product(precision, gpu)),
      rest_(rest_product(precision, gpu)),
      elementwise_(gpu) {
  const double hidden = real(llm.hidden);
  make_attention(precision);
  bool has_dense = false, has_experts = false;
  for (const LayerRun& run : llm.layer_runs()) (run.experts ? has_experts : has_dense) = true;
  if (has_dense) {
    const double ffn = share(llm.ffn, cut.dense);
    dense_up_ = matrix((llm.gated ? 2.0 : 1.0) * ffn, hidden);
    dense_down_ = matrix(hidden, ffn);
  }
  if (has_experts) {
    MoEShape shape;
    shape.hidden = hidden;
    shape.inter = share(llm.experts.inter, cut.expert_inter);
    shape.experts = share(llm.experts.count, cut.experts);
    shape.topk = real(llm.experts.per_token) / real(cut.experts);
    shape.visits = cut.travel ? 0.0 : real(llm.experts.per_token);
    shape.skew = cut.expert_skew;
    shape.dtype = routed_.compute;
    shape.kept = routed_.kept;
    shape.gated = llm.gated;
    shape.weight_bytes = routed_.bytes == dtype_bytes(routed_.compute) ? 0.0 : routed_.bytes;
    experts_.emplace(gpu, shape);
    router_.emplace(gpu, "bf16", real(llm.experts.count), hidden, true, 0.0, kReadyFor);
    const double inter = share(llm.experts.shared_inter, cut.shared);
    if (inter > 0.0) {
      shared_up_ = matrix(2.0 * inter, hidden);
      shared_down_ = matrix(hidden, inter);
    }
  }
  head_.emplace(gpu, "bf16", real(llm.vocabulary) / real(cut.dense), hidden, false, 0.0, kReadyFor);
}

void LayerTime::make_attention(const Precision& precision) {
  const double hidden = real(llm_.hidden);
  attention_.heads = share(llm_.heads, cut_.attention);
  attention_.head_dim = real(llm_.head_dim);
  attention_.kv_heads = real(kv_heads_per_gpu(llm_, cut_.attention));
  attention_.kv_dtype = attention_type(precision.kv);
  if (llm_.is_latent()) {
    const LatentAttention& mla = llm_.mla;
    latent_ = {attention_.heads, real(mla.kv_rank), real(mla.rope_dim), attention_.kv_dtype};
    latent_decode_.emplace(gpu_, latent_);
    attention_.kv_heads = attention_.heads;
    attention_.head_dim = real(mla.nope_dim + mla.rope_dim);
    attention_.value_dim = real(mla.value_dim);
    attention_.kv_dtype = "bf16";
    const double query = latent_.heads * attention_.head_dim;
    const double latent = latent_.rank + latent_.rope_dim;
    // Down-projections are one matrix, which every GPU has whole.
    down_projection_ = matrix(real(mla.query_rank) + latent, hidden);
    queries_ = matrix(query, mla.query_rank > 0 ? real(mla.query_rank) : hidden);
    up_projection_ = matrix(latent_.heads * real(mla.nope_dim + mla.value_dim), latent_.rank);
    output_ = matrix(hidden, latent_.heads * real(mla.value_dim));
  } else {
    decode_.emplace(gpu_, attention_);
    const double query = attention_.heads * attention_.head_dim;
    const double key = attention_.kv_heads * attention_.head_dim;
    qkv_ = matrix((llm_.output_gate ? 2.0 : 1.0) * query + 2.0 * key, hidden);
    output_ = matrix(hidden, query);
  }
  if (llm_.linear.value_heads > 0) {
    const LinearAttention& l = llm_.linear;
    const double keys = share(l.key_heads * l.key_dim, cut_.attention);
    const double values = share(l.value_heads * l.value_dim, cut_.attention);
    // Queries, keys, values and their gates, and two numbers a head for decay and strength.
    linear_qkv_ = matrix(2.0 * keys + 2.0 * values + 2.0 * share(l.value_heads, cut_.attention), hidden);
    linear_output_ = matrix(hidden, values);
  }
  // Up-projected keys and values are not copied into the cache: only the latent vector is, which costs nothing beside.
  prefill_.emplace(gpu_, attention_, !llm_.is_latent());
  AttentionShape windowed = attention_;
  windowed.window = real(llm_.window);
  windowed_prefill_.emplace(gpu_, windowed, !llm_.is_latent());
}

GemmKernel LayerTime::matrix(double out, double in) const {
  const double kept = rest_.bytes == dtype_bytes(rest_.compute) ? 0.0 : rest_.bytes;
  return {gpu_, rest_.compute, out, in, true, kept, kReadyFor};
}

const KernelTimes& LayerTime::kept(Kept& last, double tokens, Kernels kernels) const {
  if (last.tokens != tokens) last = {tokens, (this->*kernels)(tokens)};
  return last.times;
}

const KernelTimes& LayerTime::projections(const LayerRun& layer, double tokens) const {
  if (layer.linear) return kept(linear_projections_, tokens, &LayerTime::linear_projections);
  return kept(projections_, tokens,
              llm_.is_latent() ? &LayerTime::latent_projections : &LayerTime::softmax_projections);
}

const KernelTimes& LayerTime::mlp(const LayerRun& layer, double tokens) const {
  return layer.experts ? kept(routed_experts_, tokens, &LayerTime::experts)
                       : kept(dense_, tokens, &LayerTime::dense);
}

const KernelTimes& LayerTime::beside_experts(const LayerRun& layer, double tokens) const {
  static const KernelTimes none;
  return layer.experts ? kept(beside_experts_, tokens, &LayerTime::router_and_shared) : none;
}

// A norm with the residual added reads and writes both streams.
double LayerTime::norms(double tokens) const {
  return real(llm_.norms) * elementwise_.seconds(4.0 * tokens * real(llm_.hidden) * kActivationBytes);
}

KernelTimes LayerTime::softmax_projections(double tokens) const {
  const double query = attention_.heads * attention_.head_dim;
  const double key = attention_.kv_heads * attention_.head_dim;
  KernelTimes times;
  times.add("qkv", qkv_->seconds(tokens));
  times.add("attention output", output_->seconds(tokens));
  times.add("norms", norms(tokens));
  const double heads_s = elementwise_.seconds(2.0 * tokens * (query + key) * kActivationBytes);
  if (llm_.positions == 0) times.add("rotary", heads_s);
  if (llm_.qk_norm) times.add("norms of heads", heads_s);
  if (llm_.output_gate)
    times.add("output gate", elementwise_.seconds(3.0 * tokens * query * kActivationBytes));
  return times;
}

KernelTimes LayerTime::linear_projections(double tokens) const {
  const LinearAttention& l = llm_.linear;
  const double keys = share(l.key_heads * l.key_dim, cut_.attention);
  const double values = share(l.value_heads * l.value_dim, cut_.attention);
  KernelTimes times;
  times.add("qkv", linear_qkv_->seconds(tokens));
  times.add("convolution", elementwise_.seconds(2.0 * tokens * (2.0 * keys + values) * kActivationBytes));
  times.add("output gate", elementwise_.seconds(3.0 * tokens * values * kActivationBytes));
  times.add("attention output", linear_output_->seconds(tokens));
  times.add("norms", norms(tokens));
  return times;
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
        kernel.launch_s + std::max(flop / (gpu_.peak.bf16 * kernel.compute), elementwise_.seconds(moved));
  }
  if (sequences > 0.0) seconds += elementwise_.seconds(2.0 * states * sequences);
  return seconds;
}

KernelTimes LayerTime::latent_projections(double tokens) const {
  KernelTimes times;
  if (llm_.mla.query_rank > 0) {
    times.add("down-projections", down_projection_->seconds(tokens));
    times.add("queries", queries_->seconds(tokens));
  } else {
    times.add("queries", queries_->seconds(tokens));
    times.add("down-projections", down_projection_->seconds(tokens));
  }
  // Keys and values of prompts, or their absorption into query and output of decoding tokens: as many products.
  times.add("up-projections", up_projection_->seconds(tokens));
  times.add("attention output", output_->seconds(tokens));
  times.add("rotary",
            elementwise_.seconds(2.0 * tokens * (latent_.heads + 1.0) * latent_.rope_dim * kActivationBytes));
  times.add("norms of heads", elementwise_.seconds(2.0 * tokens * (real(llm_.mla.query_rank) + latent_.rank) *
                                                   kActivationBytes));
  times.add("norms", norms(tokens));
  return times;
}

KernelTimes LayerTime::dense(double tokens) const {
  const double ffn = share(llm_.ffn, cut_.dense);
  KernelTimes times;
  times.add(llm_.gated ? "gate and up" : "up", dense_up_->seconds(tokens));
  times.add("down", dense_down_->seconds(tokens));
  times.add("activation", elementwise_.seconds((llm_.gated ? 3.0 : 2.0) * tokens * ffn * kActivationBytes));
  return times;
}

KernelTimes LayerTime::experts(double tokens) const {
  const double count = real(llm_.experts.count);
  const double visits = real(llm_.experts.per_token);
  const double here = share(llm_.experts.count, cut_.experts);
  const double touched = visits < count ? here * -std::expm1(tokens * std::log1p(-visits / count)) : here;
  KernelTimes times;
  times.add("experts", experts_->seconds(tokens, touched));
  return times;
}

KernelTimes LayerTime::router_and_shared(double tokens) const {
  const double count = real(llm_.experts.count);
  KernelTimes times;
  // Router in bf16, then softmax and the choice of the experts.
  times.add("router", router_->seconds(tokens) + elementwise_.seconds(tokens * count * kActivationBytes));
  if (!shared_up_) return times;
  const double inter = share(llm_.experts.shared_inter, cut_.shared);
  times.add("shared experts", shared_up_->seconds(tokens) +
                                  elementwise_.seconds(3.0 * tokens * inter * kActivationBytes) +
                                  shared_down_->seconds(tokens));
  return times;
}

bool LayerTime::joins_decode() const {
  return !llm_.is_latent() && prefill_->joins_decode();
}

KernelTimes LayerTime::prefill_attention(const LayerRun& layer, const std::vector<Chunk>& chunks) const {
  KernelTimes times;
  if (chunks.empty()) return times;
  if (llm_.is_latent()) {
    double cached = 0.0;
    for (const Chunk& chunk : chunks) cached += chunk.cached;
    if (cached > 0.0) times.add("up-projections of the cache", up_projection_->seconds(cached));
  }
  if (layer.windowed)
    times.add("windowed attention", windowed_prefill_->seconds(chunks));
  else
    times.add("attention", prefill_->seconds(chunks));
  return times;
}

Affine LayerTime::decode_attention(double sequences, double width) const {
  return latent_decode_ ? latent_decode_->seconds(sequences, width) : decode_->seconds(sequences);
}

double LayerTime::activations(double tokens, double bytes) const {
  return elementwise_.seconds(tokens * real(llm_.hidden) * bytes);
}

KernelTimes LayerTime::embedding(double tokens) const {
  KernelTimes times;
  times.add("embedding", elementwise_.seconds(2.0 * tokens * real(llm_.hidden) * kActivationBytes));
  return times;
}

KernelTimes LayerTime::head(double sequences) const {
  KernelTimes times;
  if (sequences <= 0.0) return times;
  times.add("head", head_->seconds(sequences));
  // Sampling reads the bf16 logits, writes them as fp32 and passes over those twice.
  times.add("sampling", elementwise_.seconds(sequences * real(llm_.vocabulary) * (2.0 + 3.0 * 4.0)));
  return times;
}

}  // namespace agentsim::model
