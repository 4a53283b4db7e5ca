#include "sim/model/stage_time.hpp"

#include <cmath>
#include <utility>

namespace agentsim::model {
namespace {

constexpr double kActivationBytes = 2.0;  // activations are bf16 between the kernels
// Where activations travel in 8 bits, 128 of them share a scale of 4 bytes.
constexpr double kQuantisedBytes = 1.0 + 4.0 / 128.0;

Op kernel(const char* name, double count, double seconds) {
  Op op;
  op.name = name;
  op.count = count;
  op.compute.fixed_s = seconds;
  return op;
}

Op exchange(const char* name, Lane lane, double count, const CollectiveCost& cost) {
  Op op;
  op.name = name;
  op.count = count;
  op.lane = lane;
  op.collective = cost;
  return op;
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

StageTime::StageTime(const Deployment& deployment, const LLM& llm, const Accelerator& gpu,
                     const ReplicaLinks& links, Stage stage)
    : deployment_(deployment),
      llm_(llm),
      links_(links),
      stage_(std::move(stage)),
      layer_(llm, deployment.precision, gpu, cut_of(deployment)),
      expert_element_(product(deployment.precision, gpu).compute == "bf16" ? kActivationBytes
                                                                           : kQuantisedBytes) {}

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
void StageTime::reduce(const CollectiveGroup& group, Lane lane, double count, double tokens,
                       const OpSink& sink) const {
  if (group.size() < 2) return;
  if (deployment_.all_reduce == "bf16") {
    sink(exchange("all-reduce", lane, count, group.all_reduce(hidden_bytes(tokens))));
    return;
  }
  sink(kernel("quantise sums", 2.0 * count, layer_.activations(tokens, kActivationBytes + 1.0)));
  sink(exchange("all-reduce", lane, count, group.all_reduce(message_bytes(tokens, kQuantisedBytes))));
}

void StageTime::each_attention_side(double tokens, const OpSink& sink) const {
  const CollectiveGroup& group = links_.attention();
  const Lane lane = links_.attention_lane();
  const double sharers = real(deployment_.tp / deployment_.dp_attention);
  const double own = std::ceil(tokens / sharers);  // of one GPU
  for (const LayerRun& kind : stage_.kinds) {
    const double layers = real(kind.count);
    const KernelSink each = [&](const char* name, double seconds) { sink(kernel(name, layers, seconds)); };
    layer_.projections(kind, tokens, each);
    if (deployment_.exchanges_tokens()) layer_.beside_experts(kind, own, each);
  }
  reduce(group, lane, real(stage_.layers), tokens, sink);
  if (stage_.is_first) {
    layer_.embedding(tokens, [&](const char* name, double s) { sink(kernel(name, 1.0, s)); });
    // The embedding is split over the vocabulary, unless attention is data-parallel.
    if (deployment_.dp_attention == 1) reduce(group, lane, 1.0, tokens, sink);
  }
  if (stage_.is_last) return;
  // Hidden states and residual: each GPU sends its share, and the next stage gathers them.
  sink(exchange("to the next stage", Lane::pipeline, 1.0, links_.send(2.0 * hidden_bytes(own))));
  sink(exchange("all-gather", lane, 1.0, group.all_gather(2.0 * hidden_bytes(tokens))));
}

void StageTime::each_exchange(double tokens, double group_tokens, const OpSink& sink) const {
  if (!deployment_.exchanges_tokens()) return;
  double layers = 0.0;
  for (const LayerRun& kind : stage_.kinds) layers += kind.experts ? real(kind.count) : 0.0;
  if (layers == 0.0) return;
  const double copies = reached(real(deployment_.ep), real(llm_.experts.per_token));
  const double mean = tokens / real(deployment_.tp) * copies;
  const double most = group_tokens / real(deployment_.tp / deployment_.dp_attention) * copies;
  const auto exchanged = [&](const char* name, double element) {
    sink(exchange(name, Lane::expert, layers,
                  links_.all_to_all(message_bytes(mean, element), message_bytes(most, element))));
  };
  exchanged("to the experts", expert_element_);
  exchanged("from the experts", kActivationBytes);
  sink(exchange("all-gather", links_.attention_lane(), layers,
                links_.attention().all_gather(hidden_bytes(group_tokens))));
}

void StageTime::each_mlp_side(double tokens, const OpSink& sink) const {
  const CollectiveGroup& group = links_.stage();
  double layers_with_sums = 0.0;
  for (const LayerRun& kind : stage_.kinds) {
    const double layers = real(kind.count);
    const KernelSink each = [&](const char* name, double seconds) { sink(kernel(name, layers, seconds)); };
    layer_.mlp(kind, tokens, each);
    if (kind.experts && deployment_.exchanges_tokens()) continue;
    layer_.beside_experts(kind, tokens, each);
    layers_with_sums += layers;
  }
  if (layers_with_sums == 0.0) return;
  if (deployment_.dp_attention == 1) {
    reduce(group, Lane::tensor, layers_with_sums, tokens, sink);
    return;
  }
  sink(exchange("all-gather", Lane::tensor, layers_with_sums, group.all_gather(hidden_bytes(tokens))));
  sink(
      exchange("reduce-scatter", Lane::tensor, layers_with_sums, group.reduce_scatter(hidden_bytes(tokens))));
}

void StageTime::each_attention(const Batch& batch, const OpSink& sink) const {
  const bool joined = !batch.chunks.empty() && layer_.joins_decode();
  std::vector<Chunk> chunks = batch.chunks;
  if (joined)
    for (const double context : batch.contexts) chunks.push_back({real(batch.width), context});
  for (const LayerRun& kind : stage_.kinds) {
    const double layers = real(kind.count);
    if (kind.linear) {
      sink(kernel("linear attention", layers, layer_.linear_attention(batch.chunks, real(batch.decoding))));
      continue;
    }
    layer_.prefill_attention(kind, chunks,
                             [&](const char* name, double s) { sink(kernel(name, layers, s)); });
    if (joined || batch.decoding == 0) continue;
    const Affine decode = layer_.decode_attention(real(batch.decoding), real(batch.width));
    Op op = kernel(kind.windowed ? "windowed decode attention" : "decode attention", layers, decode.fixed_s);
    (kind.windowed ? op.per_window_token_s : op.compute.per_token_s) =
        decode.per_token_s * batch.context_share;
    sink(op);
  }
}

void StageTime::each_head(const Batch& batch, const OpSink& sink) const {
  const double rows = real(batch.finished_prompts + batch.decoding * batch.width);
  if (!stage_.is_last || rows == 0.0) return;
  const CollectiveGroup& group = links_.stage();
  if (deployment_.dp_attention > 1)
    sink(exchange("all-gather", Lane::tensor, 1.0, group.all_gather(hidden_bytes(rows))));
  layer_.head(rows, [&](const char* name, double s) { sink(kernel(name, 1.0, s)); });
  sink(exchange("all-gather", Lane::tensor, 1.0,
                group.all_gather(rows * real(llm_.vocabulary) * kActivationBytes)));
}

void StageTime::each_op(const Batch& batch, const OpSink& sink) const {
  if (batch.sequences() == 0) return;
  const bool shared = deployment_.dp_attention > 1;
  const Batch part = shared ? spread(batch, deployment_.dp_attention).front() : Batch{};
  const Batch& group = shared ? part : batch;
  each_attention_side(real(filled(group)), sink);
  each_mlp_side(real(filled(batch)), sink);
  each_exchange(real(batch.tokens()), real(group.tokens()), sink);
  each_attention(group, sink);
  each_head(batch, sink);
}

const StepCost& StageTime::kept(Kept& by_tokens, int64_t tokens, EachOp each) const {
  const auto index = static_cast<size_t>(tokens);
  if (index >= by_tokens.size()) {
    StepCost missing;
    missing.compute.fixed_s = -1.0;
    by_tokens.resize(index + 1, missing);
  }
  StepCost& cost = by_tokens[index];
  if (cost.compute.fixed_s >= 0.0) return cost;
  StepCost sum;
  (this->*each)(real(tokens), [&](const Op& op) { sum += op.cost(); });
  return cost = sum;
}

StepCost StageTime::cost(const Batch& batch) const {
  StepCost sum;
  if (batch.sequences() == 0) return sum;
  const auto add = [&](const Op& op) { sum += op.cost(); };
  const bool shared = deployment_.dp_attention > 1;
  const Batch part = shared ? spread(batch, deployment_.dp_attention).front() : Batch{};
  const Batch& group = shared ? part : batch;
  sum += kept(attention_side_, filled(group), &StageTime::each_attention_side);
  sum += kept(mlp_side_, filled(batch), &StageTime::each_mlp_side);
  each_exchange(real(batch.tokens()), real(group.tokens()), add);
  each_attention(group, add);
  each_head(batch, add);
  return sum;
}

}  // namespace agentsim::model
