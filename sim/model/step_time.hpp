#pragma once

#include <vector>

#include "sim/model/collective.hpp"
#include "sim/model/deployment.hpp"
#include "sim/model/op_time.hpp"

namespace agentsim::model {

// What one step processes: chunks of prompts and one new token for each decoding sequence.
struct Batch {
  std::vector<Chunk> chunks;
  int64_t finished_prompts = 0;  // chunks that end their prompt and so give a first token
  int64_t decoding = 0;          // sequences with one new token
  std::vector<double> contexts;  // of those, where there are chunks too: tokens before the new one
};

// What the step costs. C is the summed context of the decoding sequences, the new token included. Time alone
// on the links: compute.fixed_s + compute.per_token_s C + collectives.seconds(rate). Where a mixed step is
// one attention kernel, all of it is in fixed_s.
struct StepCost {
  Affine compute;  // kernels and host
  CollectiveCost collectives;
};

// What steps have processed, in whole numbers, so that sums do not depend on how steps are taken together.
struct Work {
  int64_t steps = 0;
  int64_t prefill_tokens = 0;
  int64_t decode_tokens = 0;
  int64_t sampled = 0;        // sequences that went through head and sampling
  int64_t doubled_pairs = 0;  // twice the query-key pairs of causal attention
  int64_t cache_tokens_read = 0;

  Work& operator+=(const Work& o) {
    steps += o.steps;
    prefill_tokens += o.prefill_tokens;
    decode_tokens += o.decode_tokens;
    sampled += o.sampled;
    doubled_pairs += o.doubled_pairs;
    cache_tokens_read += o.cache_tokens_read;
    return *this;
  }
};

// The time of one forward pass of a replica: host overhead + sum over layers of QKV, attention, output,
// gate-up, down and the element-wise kernels between them + two all-reduces a layer + head and sampling.
class StepTime {
 public:
  // `deployment`, `gpu` and `group` must outlive it.
  StepTime(const Deployment& deployment, const Accelerator& gpu, const CollectiveGroup& group);

  StepCost cost(const Batch& batch) const;
  // cost() of a batch that only decodes, kept for each number of sequences.
  const StepCost& decode_cost(int64_t sequences) const;
  // Useful FLOP of some work, on all GPUs of the replica: what MFU counts.
  double flop(const Work& work) const;
  // Bytes of weights and KV cache it reads from memory, on all GPUs: what MBU counts.
  double memory_bytes(const Work& work) const;

 private:
  struct Linear {
    double seconds = -1.0;  // negative: not computed yet
    CollectiveCost collectives;
  };
  // All that depends on the number of tokens only: matrices, element-wise kernels, all-reduces, of all
  // layers.
  const Linear& linear(int64_t tokens) const;
  // Head, sampling and the gathering of the logits.
  Linear head(int64_t sequences) const;

  const Deployment& deployment_;
  const Accelerator& gpu_;
  const CollectiveGroup& group_;
  AttentionShape attention_;  // of one GPU
  mutable std::vector<Linear> linear_by_tokens_;
  mutable std::vector<StepCost> decode_by_sequences_;
};

}  // namespace agentsim::model
