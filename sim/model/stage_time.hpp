#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "sim/model/batch.hpp"
#include "sim/model/lanes.hpp"
#include "sim/model/layout.hpp"
#include "sim/model/replica_links.hpp"

namespace agentsim::model {

// What some work costs. C is the summed context of the decoding sequences, the new token included, and C_w the same with
// no more of each than the model's window. Time with the links to itself:
//   compute.fixed_s + compute.per_token_s C + per_window_token_s C_w + lanes.seconds(rates).
// Where a mixed step is one attention kernel, all of it is in fixed_s. It takes no less than least_s.
struct StepCost {
  Affine compute;  // kernels and host
  double per_window_token_s = 0.0;
  LaneCosts lanes;
  double least_s = 0.0;  // of a host that launches kernel by kernel: its overhead and its launches

  // Of which the GPU waits for launches for the difference to least_s.
  double seconds(const LaneRates& rates, double context, double window_context) const {
    return std::max(least_s, compute_s(context, window_context) + lanes.seconds(rates));
  }
  double compute_s(double context, double window_context) const {
    return compute.fixed_s + compute.per_token_s * context + per_window_token_s * window_context;
  }
  StepCost& operator+=(const StepCost& other);
  StepCost times(double count) const;
};

// Costs by a whole number, each computed when it is first asked for.
class KeptCosts {
 public:
  // The usual places are there from the start: growing costs more than most of what is kept.
  explicit KeptCosts(int64_t usual) { at(std::min<int64_t>(usual, 1024)); }
  template <class Compute>
  const StepCost& get(int64_t index, Compute compute) {
    if (at(index).compute.fixed_s < 0.0) at(index) = compute(index);
    return at(index);
  }

 private:
  StepCost& at(int64_t index);  // fixed_s below 0: not known yet

  std::vector<StepCost> costs_;
};

// One part of a step: what it takes each time, and how often.
struct Op {
  std::string name;
  double count = 1.0;
  Affine compute;  // of a kernel or the host
  double per_window_token_s = 0.0;
  Lane lane = Lane::tensor;
  CollectiveCost collective;

  StepCost cost() const;
};
using OpSink = std::function<void(const Op&)>;

// The time of one pass through one stage of a replica: the kernels of its layers on the GPU that has most to do, and
// their collectives. With dp_attention the groups attend to parts of the batch; before and after the experts tokens
// travel to them and back, or all GPUs gather all tokens and scatter their sums.
class StageTime {
 public:
  // All must outlive it; `llm` is that of the deployment or of its draft, `layer` one of its layers, cut as the deployment
  // says, for all stages together.
  StageTime(const Deployment& deployment, const LLM& llm, const LayerTime& layer, const ReplicaLinks& links,
            Stage stage);

  // The parts of a pass, and their sum.
  void each_op(const Batch& batch, const OpSink& sink) const;
  StepCost cost(const Batch& batch) const;
  const Stage& stage() const { return stage_; }

 private:
  // The tokens that go through matrices: a batch that only decodes is filled up to a recorded size.
  int64_t filled(const Batch& batch) const;
  // `out` takes the parts of a pass, one after the other (stage_time.cpp).
  // Projections of all layers and their collectives, by the tokens of the largest group of attention.
  template <class Out>
  void each_attention_side(double tokens, Out& out) const;
  // MLPs and experts, by the tokens of all groups.
  template <class Out>
  void each_mlp_side(double tokens, Out& out) const;
  // The way to the experts and back, for all tokens and those of the largest group.
  template <class Out>
  void each_exchange(double tokens, double group_tokens, Out& out) const;
  template <class Out>
  void each_attention(const Batch& batch, Out& out) const;
  template <class Out>
  void each_head(const Batch& batch, Out& out) const;
  template <class Out>
  void reduce(const CollectiveGroup& group, Lane lane, double count, double tokens, Out& out) const;
  double hidden_bytes(double tokens) const;
  double message_bytes(double tokens, double element) const;

  const Deployment& deployment_;
  const LLM& llm_;
  const ReplicaLinks& links_;
  Stage stage_;
  const LayerTime& layer_;
  double expert_element_;  // bytes of an activation on its way to an expert
  double expert_copies_;   // of a token, on average
  mutable KeptCosts attention_side_;
  mutable KeptCosts mlp_side_;
};

}  // namespace agentsim::model
