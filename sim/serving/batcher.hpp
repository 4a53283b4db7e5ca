#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "sim/model/step_time.hpp"
#include "sim/serving/request.hpp"
#include "sim/serving/scheduler.hpp"

namespace agentsim::serving {

// The replica's time and the sum of exposed communication so far; both only ever grow.
struct Clock {
  double now_s = 0.0;
  double fabric_s = 0.0;
};

// What the next step processes.
struct StepPlan {
  model::Batch batch;
  int64_t context_tokens = 0;  // of the decoding calls, their new token included
  int64_t window_tokens = 0;   // the same with no more of each than the model's window; 0 without one
  int64_t window_growth = 0;   // by how much the next step has more of them
  bool only_decodes = false;
  bool same_batch = false;  // the same calls as in the step before, all decoding then and now

  bool empty() const { return batch.chunks.empty() && batch.decoding == 0; }
};

// Who runs, who waits and who has which KV blocks: continuous batching as vLLM's v1 scheduler does it.
// Running calls go first, each with what is left of its prompt or with one token, within the token budget;
// then waiting calls are admitted while budget, sequences and blocks last. Without mixed batches prompts, waiting ones
// too, go first in steps of their own, and a step decodes when there is none to compute, as SGLang's scheduler does it.
// A running call that finds no block preempts the one that stands last. It knows no time of its own.
class Batcher {
 public:
  using Owned = std::unique_ptr<Request>;

  // `deployment` and `scheduler` must outlive it.
  Batcher(const model::Deployment& deployment, const Scheduler& scheduler, int64_t kv_blocks);

  void add(Owned request, const Clock& clock);
  // Nobody wants the call any more. A waiting one is gone at once; a running one leaves the batch and gives
  // its blocks back when the step in flight ends.
  void cancel(Request& request);
  // Decides the next step and takes the blocks it needs.
  StepPlan schedule(const Clock& clock);
  // How many steps the scheduled batch can take before the scheduler has anything to decide or a call fills the model's
  // window; 1 unless all decode.
  int64_t steps_ahead() const;
  // `steps` more steps of the scheduled batch are done, not the last of steps_ahead(); the next one is in
  // flight.
  void advance(int64_t steps) { apply(steps, true); }
  // `steps` more steps are done and nothing is in flight. Returns the calls that have their last token.
  std::vector<Owned> finish(int64_t steps, const Clock& clock);

  int64_t running() const { return static_cast<int64_t>(running_.size()); }
  int64_t waiting() const { return static_cast<int64_t>(waiting_.size()); }
  // Whether a call that has just been added stands first among the waiting, so that it may be admitted next.
  bool newest_is_first() const { return !waiting_.empty() && (*waiting_.begin())->order + 1 == next_order_; }
  const BlockPool& pool() const { return pool_; }
  const PrefixCache& cache() const { return cache_; }
  const model::Work& work() const { return work_; }
  int64_t preemptions() const { return preemptions_; }

 private:
  struct Before {
    const Scheduler* scheduler;
    bool operator()(const Owned& a, const Owned& b) const { return is_before(*scheduler, *a, *b); }
  };
  static bool is_before(const Scheduler& scheduler, const Request& a, const Request& b);

  // Tokens of a call that a step may take, of those it lacks.
  int64_t chunk(int64_t missing, int64_t budget) const { return std::min({missing, budget, chunk_limit_}); }
  template <class Wanted>
  void schedule_running(int64_t& budget, const Clock& clock, Wanted wanted);
  void admit_waiting(int64_t& budget, const Clock& clock);
  bool make_room(Request& request, int64_t tokens, int64_t& budget, const Clock& clock);
  Owned preempt_last(int64_t& budget, const Clock& clock);
  void apply(int64_t steps, bool in_flight);

  int64_t blocks_for(int64_t tokens) const { return (tokens + block_size_ - 1) / block_size_; }
  int64_t missing_blocks(const Request& request, int64_t tokens) const;
  void take(int64_t blocks);
  void grow(Request& request, int64_t tokens);
  void share(Request& request, uint32_t tokens);
  void release(Request& request);

  const model::Engine& engine_;
  int64_t window_;       // of the model; 0: none
  int64_t chunk_limit_;  // tokens of one call in a step: what the budget leaves each group of attention
  const Scheduler& scheduler_;
  int64_t block_size_;
  BlockPool pool_;
  PrefixCache cache_;
  std::vector<Owned> running_;  // in the order of admission
  std::set<Owned, Before> waiting_;
  uint64_t next_order_ = 0;
  bool changed_ = true;     // the batch differs from that of the step before
  bool preempted_ = false;  // in the step that is scheduled
  bool only_decodes_ = false;
  int64_t preemptions_ = 0;
  model::Work work_;
};

}  // namespace agentsim::serving
