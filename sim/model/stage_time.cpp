#include "sim/model/stage_time.hpp"

#include <cmath>
#include <utility>

namespace agentsim::model {
namespace {

constexpr double kActivationBytes = 2.0;  // activations are bf16 between the kernels
// Where activations travel in 8 bits, 128 of them share a scale of 4 bytes.
constexpr double kQuantisedBytes = 1.0 + 4.0 / 128.0;

// Gives each part of a pass to a sink.
class Told {
 public:
  explicit Told(const OpSink& sink) : sink_(sink) {}
  void kernel(const char* name, double count, double seconds) {
    Op op = named(name, count);
    op.compute.fixed_s = seconds;
    sink_(op);
  }
  void decode_attention(double count, const Affine& seconds, bool windowed) {
    Op op = named(windowed ? "windowed decode attention" : "decode attention", count);
    op.compute.fixed_s = seconds.fixed_s;
    (windowed ? op.per_window_token_s : op.compute.per_token_s) = seconds.per_token_s;
    sink_(op);
  }
  void exchange(const char* name, Lane lane, double count, const CollectiveCost& cost) {
    Op op = named(name, count);
    op.lane = lane;
    op.collective = cost;
    sink_(op);
  }

 private:
  static Op named(const char* name, double count) {
    Op op;
    op.name = name;
    op.count = count;
    return op;
  }
  const OpSink& sink_;
};

// Adds them up.
class Added {
 public:
  void kernel(const char*, double count, double seconds) { sum.compute.fixed_s += count * seconds; }
  void decode_attention(double count, const Affine& seconds, bool windowed) {
    sum.compute.fixed_s += count * seconds.fixed_s;
    (windowed ? sum.per_window_token_s : sum.compute.per_token_s) += count * seconds.per_token_s;
  }
  void exchange(const char*, Lane lane, double count, const CollectiveCost& cost) {
    sum.lanes[lane] += cost.times(count);
  }
  StepCost sum;
};

template <class Out>
void add_all(const KernelTimes& times, double count, Out& out) {
  for (const auto& [name, seconds] : times) out.kernel(name, count, seconds);
}

double real(int64_t whole) {
  return static_cast<double>(whole);
}

// Of n parts the distinct ones that k visits reach on average.
double reached(double n, double k) {
  return n * (1.0 - std::pow(1.0 - 1.0 / n, k));
}

}  // namespace

StepCost& StepCost::operator+=(const StepCost& other) {
  compute.fixed_s += other.compute.fixed_s;
  compute.per_token_s += other.compute.per_token_s;
  per_window_token_s += other.per_window_token_s;
  lanes += other.lanes;
  least_s += other.least_s;
  return *this;
}

StepCost StepCost::times(double count) const {
  StepCost all;
  all.compute = {compute.fixed_s * count, compute.per_token_s * count};
  all.per_window_token_s = per_window_token_s * count;
  all.lanes = lanes.times(count);
  all.least_s = least_s * count;
  return all;
}

StepCost Op::cost() const {
  StepCost sum;
  sum.compute = {count * compute.fixed_s, count * compute.per_token_s};
  sum.per_window_token_s = count * per_window_token_s;
  sum.lanes[lane] = collective.times(count);
  return sum;
}

StageTime::StageTime(const Deployment& deployment, const LLM& llm, const LayerTime& layer,
                     const ReplicaLinks& links, Stage stage)
    : deployment_(deployment),
      llm_(llm),
      links_(links),
      stage_(std::move(stage)),
      layer_(layer),
      expert_element_(layer.experts_type() == "bf16" ? kActivationBytes : kQuantisedBytes),
      expert_copies_(reached(real(deployment.ep), real(llm.experts.per_token))),
      attention_side_(deployment.engine.max_sequences * (deployment.speculation.tokens + 1)),
      mlp_side_(deployment.engine.max_sequences * (deployment.speculation.tokens + 1)) {}

double StageTime::message_bytes(double tokens, double element) const {
  return tokens * real(llm_.hidden) * element;
}

double StageTime::hidden_bytes(double tokens) const {
  return message_bytes(tokens, kActivationBytes);
}

int64_t StageTime::filled(const Batch& batch) const {
  if (!batch.chunks.empty()) return batch.tokens();
  return deployment_.engine.graph_sizes.filled(batch.decoding) * batch.width;
}

// Sums over the GPUs of a group, quantised before and back after if the deployment says so.
template <class Out>
void StageTime::reduce(const CollectiveGroup& group, Lane lane, double count, double tokens, Out& out) const {
  if (group.size() < 2) return;
  if (deployment_.all_reduce == "bf16") {
    out.exchange("all-reduce", lane, count, group.all_reduce(hidden_bytes(tokens)));
    return;
  }
  out.kernel("quantise sums", 2.0 * count, layer_.activations(tokens, kActivationBytes + 1.0));
  out.exchange("all-reduce", lane, count, group.all_reduce(message_bytes(tokens, kQuantisedBytes)));
}

template <class Out>
void StageTime::each_attention_side(double tokens, Out& out) const {
  const CollectiveGroup& group = links_.attention();
  const Lane lane = links_.attention_lane();
  const double sharers = real(deployment_.tp / deployment_.dp_attention);
  const double own = std::ceil(tokens / sharers);  // of one GPU
  for (const LayerRun& kind : stage_.kinds) {
    const double layers = real(kind.count);
    add_all(layer_.projections(kind, tokens), layers, out);
    if (deployment_.exchanges_tokens()) add_all(layer_.beside_experts(kind, own), layers, out);
  }
  reduce(group, lane, real(stage_.layers), tokens, out);
  if (stage_.is_first) {
    add_all(layer_.embedding(tokens), 1.0, out);
    // The embedding is split over the vocabulary, unless attention is data-parallel.
    if (deployment_.dp_attention == 1) reduce(group, lane, 1.0, tokens, out);
  }
  if (stage_.is_last) return;
  // Hidden states and residual: each GPU sends its share, and the next stage gathers them.
  out.exchange("to the next stage", Lane::pipeline, 1.0, links_.send(2.0 * hidden_bytes(own)));
  out.exchange("all-gather", lane, 1.0, group.all_gather(2.0 * hidden_bytes(tokens)));
}

template <class Out>
void StageTime::each_exchange(double tokens, double group_tokens, Out& out) const {
  if (!deployment_.exchanges_tokens()) return;
  double layers = 0.0;
  for (const LayerRun& kind : stage_.kinds) layers += kind.experts ? real(kind.count) : 0.0;
  if (layers == 0.0) return;
  const double mean = tokens / real(deployment_.tp) * expert_copies_;
  const double most = group_tokens / real(deployment_.tp / deployment_.dp_attention) * expert_copies_;
  const auto exchanged = [&](const char* name, double element) {
    out.exchange(name, Lane::expert, layers,
                 links_.all_to_all(message_bytes(mean, element), message_bytes(most, element)));
  };
  exchanged("to the experts", expert_element_);
  exchanged("from the experts", kActivationBytes);
  out.exchange("all-gather", links_.attention_lane(), layers,
               links_.attention().all_gather(hidden_bytes(group_tokens)));
}

template <class Out>
void StageTime::each_mlp_side(double tokens, Out& out) const {
  const CollectiveGroup& group = links_.stage();
  double layers_with_sums = 0.0;
  for (const LayerRun& kind : stage_.kinds) {
    const double layers = real(kind.count);
    add_all(layer_.mlp(kind, tokens), layers, out);
    if (kind.experts && deployment_.exchanges_tokens()) continue;
    add_all(layer_.beside_experts(kind, tokens), layers, out);
    layers_with_sums += layers;
  }
  if (layers_with_sums == 0.0) return;
  if (deployment_.dp_attention == 1) {
    reduce(group, Lane::tensor, layers_with_sums, tokens, out);
    return;
  }
  out.exchange("all-gather", Lane::tensor, layers_with_sums, group.all_gather(hidden_bytes(tokens)));
  out.exchange("reduce-scatter", Lane::tensor, layers_with_sums, group.reduce_scatter(hidden_bytes(tokens)));
}

template <class Out>
void StageTime::each_attention(const Batch& batch, Out& out) const {
  const bool joined = !batch.chunks.empty() && deployment_.engine.joint_attention && layer_.joins_decode();
  std::vector<Chunk> all;
  if (joined) {
    all = batch.chunks;
    for (const double context : batch.contexts) all.push_back({real(batch.width), context});
  }
  const std::vector<Chunk>& chunks = joined ? all : batch.chunks;
  for (const LayerRun& kind : stage_.kinds) {
    const double layers = real(kind.count);
    if (kind.linear) {
      out.kernel("linear attention", layers, layer_.linear_attention(batch.chunks, real(batch.decoding)));
      continue;
    }
    add_all(layer_.prefill_attention(kind, chunks), layers, out);
    if (joined || batch.decoding == 0) continue;
    Affine decode = layer_.decode_attention(real(batch.decoding), real(batch.width));
    decode.per_token_s *= batch.context_share;
    out.decode_attention(layers, decode, kind.windowed);
  }
}

template <class Out>
void StageTime::each_head(const Batch& batch, Out& out) const {
  const double rows = real(batch.finished_prompts + batch.decoding * batch.width);
  if (!stage_.is_last || rows == 0.0) return;
  const CollectiveGroup& group = links_.stage();
  if (deployment_.dp_attention > 1)
    out.exchange("all-gather", Lane::tensor, 1.0, group.all_gather(hidden_bytes(rows)));
  add_all(layer_.head(rows), 1.0, out);
  out.exchange("all-gather", Lane::tensor, 1.0,
               group.all_gather(rows * real(llm_.vocabulary) * kActivationBytes));
}

void StageTime::each_op(const Batch& batch, const OpSink& sink) const {
  if (batch.sequences() == 0) return;
  Told told(sink);
  const bool shared = deployment_.dp_attention > 1;
  const Batch part = shared ? largest_part(batch, deployment_.dp_attention) : Batch{};
  const Batch& group = shared ? part : batch;
  each_attention_side(real(filled(group)), told);
  each_mlp_side(real(filled(batch)), told);
  each_exchange(real(batch.tokens()), real(group.tokens()), told);
  each_attention(group, told);
  each_head(batch, told);
}

StepCost& KeptCosts::at(int64_t index) {
  const auto place = static_cast<size_t>(index);
  if (place >= costs_.size()) {
    constexpr size_t kBlock = 32;
    StepCost missing;
    missing.compute.fixed_s = -1.0;
    costs_.resize((place / kBlock + 1) * kBlock, missing);
  }
  return costs_[place];
}

StepCost StageTime::cost(const Batch& batch) const {
  Added added;
  if (batch.sequences() == 0) return added.sum;
  const bool shared = deployment_.dp_attention > 1;
  const Batch part = shared ? largest_part(batch, deployment_.dp_attention) : Batch{};
  const Batch& group = shared ? part : batch;
  added.sum += attention_side_.get(filled(group), [&](int64_t tokens) {
    Added side;
    each_attention_side(real(tokens), side);
    return side.sum;
  });
  added.sum += mlp_side_.get(filled(batch), [&](int64_t tokens) {
    Added side;
    each_mlp_side(real(tokens), side);
    return side.sum;
  });
  each_exchange(real(batch.tokens()), real(group.tokens()), added);
  each_attention(group, added);
  each_head(batch, added);
  return added.sum;
}

}  // namespace agentsim::model
