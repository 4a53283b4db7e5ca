#include "sim/model/step_time.hpp"

#include <algorithm>
#include <cmath>

#include "sim/model/kernel_tables.hpp"

namespace agentsim::model {
namespace {

double real(int64_t whole) {
  return static_cast<double>(whole);
}

// What `whole` costs beyond `part`, nowhere less than nothing.
StepCost beyond(const StepCost& whole, const StepCost& part) {
  StepCost rest;
  rest.least_s = std::max(0.0, whole.least_s - part.least_s);
  rest.compute.fixed_s = std::max(0.0, whole.compute.fixed_s - part.compute.fixed_s);
  for (const Lane lane : kAllLanes) {
    rest.lanes[lane].latency_s = std::max(0.0, whole.lanes[lane].latency_s - part.lanes[lane].latency_s);
    rest.lanes[lane].burst_bytes =
        std::max(0.0, whole.lanes[lane].burst_bytes - part.lanes[lane].burst_bytes);
    rest.lanes[lane].wire_bytes = std::max(0.0, whole.lanes[lane].wire_bytes - part.lanes[lane].wire_bytes);
  }
  return rest;
}

// Its kernels as they run inside the recorded steps of an engine.
Accelerator as_served(Accelerator gpu) {
  for (auto& [type, curve] : gpu.efficiency.decode_attention)
    if (curve.served_head_stream_bytes_per_s > 0.0)
      curve.head_stream_bytes_per_s = curve.served_head_stream_bytes_per_s;
  return gpu;
}

}  // namespace

StepTime::StepTime(const Deployment& deployment, const Accelerator& gpu, const ReplicaLinks& links,
                   double host_speed)
    : deployment_(deployment),
      gpu_(std::make_unique<const Accelerator>(as_served(with_kernels(deployment.kernels, gpu)))),
      links_(links),
      host_speed_(host_speed),
      decode_by_sequences_(deployment.engine.max_sequences) {
  const auto layer_of = [&](const LLM& llm) {
    return std::make_unique<const LayerTime>(llm, deployment.precision, *gpu_, cut_of(deployment));
  };
  layer_ = layer_of(deployment.llm);
  for (Stage& stage : model::stages(deployment.llm, deployment.pp))
    stages_.emplace_back(deployment, deployment.llm, *layer_, links, std::move(stage));
  const LLM& draft = deployment.speculation.draft_llm;
  if (deployment.speculation.tokens > 0 && draft.layers > 0) {
    draft_layer_ = layer_of(draft);
    draft_ =
        std::make_unique<StageTime>(deployment, draft, *draft_layer_, links, model::stages(draft, 1).front());
  }
}

double StepTime::host_s(const Batch& batch) const {
  const Engine& engine = deployment_.engine;
  return (engine.host_overhead_s + engine.host_overhead_per_sequence_s * real(batch.sequences()) +
          engine.host_overhead_per_prompt_s * real(batch.finished_prompts) +
          engine.host_overhead_per_prompt_token_s * real(batch.prompt_tokens())) /
         host_speed_;
}

Op StepTime::host(const Batch& batch) const {
  Op op;
  op.name = "host";
  op.compute.fixed_s = host_s(batch);
  return op;
}

double StepTime::launch_s(const StageTime& stage, const Batch& batch) const {
  if (batch.sequences() == 0 || deployment_.engine.replays(batch.chunks.empty(), batch.decoding)) return 0.0;
  return real(stage.stage().layers) * deployment_.engine.launch_per_layer_s / host_speed_;
}

StepCost StepTime::host_cost(const Batch& batch) const {
  StepCost cost;
  cost.compute.fixed_s = host_s(batch);
  if (deployment_.engine.launch_per_layer_s > 0.0) cost.least_s = cost.compute.fixed_s;
  return cost;
}

StepCost StepTime::stage_cost(const StageTime& stage, const Batch& batch) const {
  StepCost cost = stage.cost(batch);
  cost.least_s = launch_s(stage, batch);
  return cost;
}

double StepTime::launch_s(const Batch& batch) const {
  const Batch part = largest_part(batch, parts());
  double sum = 0.0;
  for (const StageTime& stage : stages_) sum += launch_s(stage, part);
  if (!draft_) return sum;
  Batch decoding, prompts;
  decoding.decoding = part.decoding;
  prompts.chunks = part.chunks;
  return sum + real(deployment_.speculation.tokens) * launch_s(*draft_, decoding) +
         launch_s(*draft_, prompts);
}

void StepTime::each_op(const Batch& batch, const OpSink& sink) const {
  Batch part = largest_part(batch, parts());
  part.width = deployment_.speculation.tokens + 1;
  sink(host(part));
  for (const StageTime& stage : stages_) stage.each_op(part, sink);
  if (!draft_) return;
  const auto drafted = [&](double times) {
    return [&sink, times](Op op) {
      op.name = "draft: " + op.name;
      op.count *= times;
      sink(op);
    };
  };
  Batch decoding, prompts;
  decoding.decoding = part.decoding;
  prompts.chunks = part.chunks;
  draft_->each_op(decoding, drafted(real(deployment_.speculation.tokens)));
  draft_->each_op(prompts, drafted(1.0));
}

int64_t StepTime::parts() const {
  return deployment_.micro_batches > 0 ? deployment_.micro_batches : deployment_.pp;
}

std::vector<Batch> StepTime::micro_batches(const Batch& batch) const {
  return spread(batch, parts());
}

StepCost StepTime::pass(const Batch& batch) const {
  if (stages_.size() > 1) return pipelined(batch);
  StepCost cost = host_cost(batch);
  cost += stage_cost(stages_.front(), batch);
  return cost;
}

StepCost StepTime::pipelined(const Batch& batch) const {
  // If all decode, all are like the largest, so that the time stays affine in the context.
  const bool alike = batch.chunks.empty();
  const std::vector<Batch> parts =
      alike ? std::vector<Batch>{largest_part(batch, this->parts())} : micro_batches(batch);
  const double repeats = alike ? real(part_count(batch, this->parts())) : 1.0;
  std::vector<StepCost> by_stage(stages_.size()), by_part(parts.size());
  StepCost steepest;
  LaneCosts all;
  for (size_t s = 0; s < stages_.size(); ++s) {
    for (size_t i = 0; i < parts.size(); ++i) {
      StepCost cost = stage_cost(stages_[s], parts[i]);
      if (s == 0) cost += host_cost(parts[i]);
      by_stage[s] += cost.times(repeats);
      by_part[i] += cost;
      all += cost.lanes.times(repeats);
    }
  }
  const StepCost* slowest = &by_part.front();
  for (const std::vector<StepCost>* ways : {&by_part, &by_stage}) {
    for (const StepCost& way : *ways) {
      if (base_s(way) > base_s(*slowest)) slowest = &way;
      steepest.compute.per_token_s = std::max(steepest.compute.per_token_s, way.compute.per_token_s);
      steepest.per_window_token_s = std::max(steepest.per_window_token_s, way.per_window_token_s);
    }
  }
  StepCost cost = *slowest;
  cost.compute.per_token_s = steepest.compute.per_token_s;
  cost.per_window_token_s = steepest.per_window_token_s;
  // Each stage crosses its own links; the last sends nothing on.
  for (const Lane lane : kAllLanes) {
    const double users = real(deployment_.pp) - (lane == Lane::pipeline ? 1.0 : 0.0);
    cost.lanes[lane].wire_bytes = all[lane].wire_bytes / users;
  }
  return cost;
}

StepCost StepTime::speculated(const Batch& batch) const {
  const Speculation& speculation = deployment_.speculation;
  const double share = 1.0 / speculation.tokens_per_step();
  StepCost cost;
  Batch checked = batch;
  checked.width = speculation.tokens + 1;
  if (batch.decoding > 0) {
    Batch decoding;
    decoding.decoding = batch.decoding;
    if (draft_) cost += stage_cost(*draft_, decoding).times(real(speculation.tokens) * share);
    decoding.width = checked.width;
    cost += pass(decoding).times(share);
  }
  if (batch.chunks.empty()) return cost;
  if (batch.decoding == 0) {
    cost += pass(batch);
  } else {
    Batch decoding = checked;
    decoding.chunks.clear();
    decoding.finished_prompts = 0;
    StepCost without = pass(decoding);
    StepCost with = pass(checked);
    // Contexts are known here, so a kernel that joins both compares with the decode kernel at them.
    double context = 0.0, window_context = 0.0;
    for (const double before : batch.contexts) {
      context += before + 1.0;
      window_context += std::min(before + 1.0, real(deployment_.llm.attention_window()));
    }
    without.compute.fixed_s = without.compute_s(context, window_context);
    with.compute.fixed_s = with.compute_s(context, window_context);
    cost += beyond(with, without);
  }
  if (draft_) {
    Batch prompts;
    prompts.chunks = batch.chunks;
    cost += stage_cost(*draft_, prompts);
  }
  return cost;
}

StepCost StepTime::cost(const Batch& batch) const {
  if (batch.sequences() == 0) return {};
  return deployment_.speculation.tokens > 0 ? speculated(batch) : pass(batch);
}

const StepCost& StepTime::decode_cost(int64_t sequences) const {
  return decode_by_sequences_.get(sequences, [this](int64_t decoding) {
    Batch batch;
    batch.decoding = decoding;
    return cost(batch);
  });
}

double StepTime::flop(const Work& work) const {
  const LLM& llm = deployment_.llm;
  // Scores and values of one query and key, in all heads.
  const int64_t widths =
      llm.is_latent() ? llm.mla.nope_dim + llm.mla.rope_dim + llm.mla.value_dim : 2 * llm.head_dim;
  const double tokens = real(work.prefill_tokens + work.decode_tokens);
  double pairs = 0.0, states = 0.0;
  for (const LayerRun& run : llm.layer_runs()) {
    if (run.linear)
      states += real(run.count) * state_flop(llm) * tokens;
    else
      pairs += real(run.count) * real(run.windowed ? work.doubled_window_pairs : work.doubled_pairs) / 2.0;
  }
  return 2.0 * llm.active_matrix_parameters() * tokens + states +
         2.0 * real(llm.vocabulary * llm.hidden) * real(work.sampled) + real(2 * llm.heads * widths) * pairs;
}

double StepTime::memory_bytes(const Work& work) const {
  const LLM& llm = deployment_.llm;
  const Precision& precision = deployment_.precision;
  // With speculation a pass is several steps.
  const double steps_per_pass = deployment_.speculation.tokens_per_step();
  const double passes = real(work.steps) / steps_per_pass;
  const double all_experts = llm.expert_parameters();
  const double rest = llm.matrix_parameters() - all_experts;
  double experts = 0.0;
  if (all_experts > 0.0 && work.steps > 0) {
    const double visited = real(llm.experts.per_token) / real(llm.experts.count);
    const auto read = [&](int64_t steps, double tokens_of_a_step) {
      return real(steps) / steps_per_pass * all_experts *
             (1.0 - std::pow(1.0 - visited, tokens_of_a_step * steps_per_pass));
    };
    const double decoding = real(work.decode_tokens) / real(work.steps);
    experts = read(work.steps - work.prompt_steps, decoding);
    if (work.prompt_steps > 0)
      experts += read(work.prompt_steps, decoding + real(work.prefill_tokens) / real(work.prompt_steps));
  }
  const double weights =
      rest * rest_product(precision, *gpu_).bytes + 2.0 * real(llm.vocabulary * llm.hidden);
  const int64_t sharers = deployment_.tp / deployment_.dp_attention;
  double cache = 0.0, states = 0.0;
  for (const LayerRun& run : llm.layer_runs()) {
    if (run.linear) states += real(run.count) * state_bytes(llm, 1) * real(work.decode_tokens);
    cache += real(run.count * sharers) * cache_elements(llm, run, sharers) *
             real(run.windowed ? work.window_tokens_read : work.cache_tokens_read);
  }
  return states + experts * product(precision, *gpu_).bytes + weights * passes +
         cache * weight_bytes(precision.kv);
}

}  // namespace agentsim::model
