#pragma once

#include <memory>
#include <vector>

#include "sim/model/stage_time.hpp"

namespace agentsim::model {

// What steps have processed, in whole numbers, so that sums do not depend on how steps are taken together.
struct Work {
  int64_t steps = 0;
  int64_t prefill_tokens = 0;
  int64_t decode_tokens = 0;
  int64_t sampled = 0;        // sequences that went through head and sampling
  int64_t doubled_pairs = 0;  // twice the query-key pairs of causal attention
  int64_t cache_tokens_read = 0;
  int64_t doubled_window_pairs = 0;  // the same in windowed layers
  int64_t window_tokens_read = 0;
  int64_t prompt_steps = 0;  // of the steps those with prompts

  Work& operator+=(const Work& o) {
    steps += o.steps;
    prefill_tokens += o.prefill_tokens;
    decode_tokens += o.decode_tokens;
    sampled += o.sampled;
    doubled_pairs += o.doubled_pairs;
    cache_tokens_read += o.cache_tokens_read;
    doubled_window_pairs += o.doubled_window_pairs;
    window_tokens_read += o.window_tokens_read;
    prompt_steps += o.prompt_steps;
    return *this;
  }
};

// The time of one forward pass of a replica: host overhead + the passes through its stages.
//
// Eager launching: where no recorded graph replays a pass, the host launches the kernels of a stage's layers one by one, while
// the GPU works on those before, so that the pass takes max(GPU, launches). One host a GPU: tp does not divide launches.
//
// Pipeline: a step is cut into m micro-batches, which follow each other through the p stages without a flush between
// steps, since the first of the next step follows the last of this one. With t(s, i) of stage s and micro-batch i a step
// lasts max(longest way of one, busiest stage) = max(max over i of sum over s of t, max over s of sum over i of t). The
// bubble of a stage is what is left of that beside its own sum. Contexts are taken to be spread evenly, and slopes by
// the context are those of the stage with the steepest.
//
// Speculation with k guesses that hold with chance a: a pass checks k + 1 tokens of each sequence and gives
// E = 1 + a + ... + a^k of them. A step is one token, so it is 1/E of a pass and of its k passes of the draft. Prompts
// in it cost what they add to a whole pass, and a pass of the draft.
class StepTime {
 public:
  // All must outlive it. The layout has been checked (layout_mistakes()).
  // `host_speed` is that of the node: what the host does takes 1 / host_speed of what the engine says.
  StepTime(const Deployment& deployment, const Accelerator& gpu, const ReplicaLinks& links,
           double host_speed = 1.0);

  StepCost cost(const Batch& batch) const;
  // cost() of a batch that only decodes, kept for each number of sequences.
  const StepCost& decode_cost(int64_t sequences) const;
  // The parts of one whole pass, which without speculation and with one stage is the step: of the largest micro-batch
  // through all stages, and of the draft.
  void each_op(const Batch& batch, const OpSink& sink) const;
  // Of one pass: the micro-batches, and what a stage does with one of them.
  std::vector<Batch> micro_batches(const Batch& batch) const;
  const std::vector<StageTime>& stages() const { return stages_; }
  Op host(const Batch& batch) const;
  // Of one pass, of the largest micro-batch: what the host takes to launch it kernel by kernel; 0: recorded.
  double launch_s(const Batch& batch) const;
  // Time with the links to itself, at contexts of 0.
  double base_s(const StepCost& cost) const { return cost.seconds(links_.rates(), 0.0, 0.0); }

  // Useful FLOP of some work, on all GPUs of the replica: what MFU counts.
  double flop(const Work& work) const;
  // Bytes of weights and KV cache it reads from memory, on all GPUs: what MBU counts. Of the experts a step reads those
  // that the mean number of tokens of steps with, or without, prompts touches.
  double memory_bytes(const Work& work) const;

 private:
  double launch_s(const StageTime& stage, const Batch& batch) const;
  StepCost host_cost(const Batch& batch) const;
  StepCost stage_cost(const StageTime& stage, const Batch& batch) const;
  double host_s(const Batch& batch) const;
  int64_t parts() const;  // micro-batches of a step that has as many sequences
  StepCost pass(const Batch& batch) const;
  StepCost pipelined(const Batch& batch) const;
  StepCost speculated(const Batch& batch) const;

  const Deployment& deployment_;
  std::unique_ptr<const Accelerator> gpu_;  // with the kernels of the deployment; stages refer to it
  const ReplicaLinks& links_;
  double host_speed_;
  std::unique_ptr<const LayerTime> layer_, draft_layer_;  // stages refer to them
  std::vector<StageTime> stages_;
  std::unique_ptr<StageTime> draft_;
  mutable KeptCosts decode_by_sequences_;
};

}  // namespace agentsim::model
