#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "sim/serving/batcher.hpp"

namespace agentsim::serving {

// The prompt of a call, and where its output goes.
struct Prompt {
  std::vector<Slice> slices;
  uint64_t output_stream = 0;

  uint32_t tokens() const {
    uint32_t sum = 0;
    for (const Slice& slice : slices) sum += slice.tokens();
    return sum;
  }
  Content content() const {
    return Content(slices.data(), static_cast<uint32_t>(slices.size()), Slice{output_stream, 0, 0});
  }
};

// A cache of its own, and calls that come and go in it.
struct TestCache {
  TestCache(int64_t blocks, uint32_t size) : pool(blocks), cache(pool, size), block_size(size) {}

  // A call computes all of the prompt on its own, leaves its full blocks in the cache and is gone.
  void put(const Prompt& prompt) {
    const int64_t full = prompt.tokens() / block_size;
    pool.take(full);
    cache.let_go(
        cache.extend(PrefixCache::kRoot, prompt.content(), 0, static_cast<uint32_t>(full) * block_size));
    cache.check();
  }
  uint32_t match(const Prompt& prompt) const { return cache.match(prompt.content(), prompt.tokens()); }

  BlockPool pool;
  PrefixCache cache;
  uint32_t block_size;
};

// A batcher whose steps take one second each.
class BatcherBench {
 public:
  BatcherBench(int64_t kv_blocks, int64_t token_budget, int64_t max_sequences = 256, bool caching = true,
               int64_t window = 0, int64_t groups = 1, bool mixed = true)
      : deployment_(make(token_budget, max_sequences, caching, window, groups, mixed)),
        scheduler_(Schedulers::make("fcfs")),
        batcher(deployment_, *scheduler_, kv_blocks) {}

  // The prompt must outlive the call.
  void add(uint32_t call, const Prompt& prompt, uint32_t output_tokens) {
    auto request = std::make_unique<Request>();
    request->record.call = call;
    request->record.prompt_tokens = prompt.tokens();
    request->record.output_tokens = output_tokens;
    request->content = prompt.content();
    requests_[call] = request.get();
    batcher.add(std::move(request), clock());
  }
  void cancel(uint32_t call) { batcher.cancel(*requests_.at(call)); }
  // One step from its schedule to its end.
  StepPlan step() {
    StepPlan plan = batcher.schedule(clock());
    finish(plan.empty() ? 0 : 1);
    return plan;
  }
  void finish(int64_t steps) {
    now_s += static_cast<double>(steps);
    for (std::unique_ptr<Request>& request : batcher.finish(steps, clock())) done.push_back(request->record);
    batcher.cache().check();
  }
  // Until nothing is left to do; false if that takes more than `limit` steps.
  bool drain(int limit = 10000) {
    for (; limit > 0 && batcher.running() + batcher.waiting() > 0; --limit) step();
    return limit > 0;
  }
  Clock clock() const { return {now_s, 0.0}; }

  double now_s = 0.0;
  std::vector<CallRecord> done;  // in the order of their ends

 private:
  static model::Deployment make(int64_t token_budget, int64_t max_sequences, bool caching, int64_t window,
                                int64_t groups, bool mixed) {
    model::Deployment deployment;
    deployment.tp = deployment.dp_attention = groups;
    deployment.llm.window = window;
    if (window > 0) deployment.llm.runs = {{1, true, false, false}};
    deployment.engine.block_size = 16;
    deployment.engine.token_budget = token_budget;
    deployment.engine.max_sequences = max_sequences;
    deployment.engine.prefix_caching = caching;
    deployment.engine.mixed_batches = mixed;
    return deployment;
  }

  model::Deployment deployment_;
  std::unique_ptr<Scheduler> scheduler_;
  std::map<uint32_t, Request*> requests_;

 public:
  Batcher batcher;
};

// A prompt nobody else shares.
inline Prompt own_prompt(uint64_t stream, uint32_t tokens) {
  return {{{stream, 0, tokens}}, stream + 1000000};
}

}  // namespace agentsim::serving
