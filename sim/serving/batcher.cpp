#include "sim/serving/batcher.hpp"

#include <algorithm>
#include <limits>

namespace agentsim::serving {
namespace {

// Ends the phase a call is in and begins the next.
void enter(Request& request, Request::Phase phase, const Clock& clock) {
  const double fabric_s =
      request.phase == Request::Phase::queued ? 0.0 : clock.fabric_s - request.phase_fabric_s;
  const double rest_s = clock.now_s - request.phase_start_s - fabric_s;
  TimeSplit& split = request.record.split;
  switch (request.phase) {
    case Request::Phase::queued:
      split.queue_s += rest_s;
      break;
    case Request::Phase::prefill:
      split.prefill_s += rest_s;
      break;
    case Request::Phase::decode:
      split.decode_s += rest_s;
      break;
    case Request::Phase::recompute:
      split.recompute_s += rest_s;
      break;
  }
  split.fabric_s += fabric_s;
  request.phase = phase;
  request.phase_start_s = clock.now_s;
  request.phase_fabric_s = clock.fabric_s;
}

// Ends a step that computed tokens again which a preemption had thrown away. Its time counts as recomputation
// by their share of the call's tokens in it; a chunk may go on to tokens that are new.
void end_recompute_step(Request& request, const Clock& clock) {
  const uint32_t redone =
      std::min(request.computed, request.lost_tokens) - (request.computed - request.scheduled);
  request.record.recomputed_tokens += redone;
  TimeSplit& split = request.record.split;
  const double before_s = split.recompute_s;
  enter(request, request.computed < request.lost_tokens ? Request::Phase::recompute : request.resumed, clock);
  const double new_share = 1.0 - static_cast<double>(redone) / static_cast<double>(request.scheduled);
  const double new_s = (split.recompute_s - before_s) * new_share;
  split.recompute_s -= new_s;
  (request.resumed == Request::Phase::prefill ? split.prefill_s : split.decode_s) += new_s;
}

// Sum of min(before + i, window) over i from 1 to `tokens`; a window of 0 has none.
int64_t windowed_sum(int64_t before, int64_t tokens, int64_t window) {
  const int64_t growing = std::clamp<int64_t>(window - before, 0, tokens);
  return growing * before + growing * (growing + 1) / 2 + (tokens - growing) * window;
}

}  // namespace

Batcher::Batcher(const model::Deployment& deployment, const Scheduler& scheduler, int64_t kv_blocks)
    : engine_(deployment.engine),
      window_(deployment.llm.attention_window()),
      chunk_limit_(std::max<int64_t>(1, deployment.engine.token_budget / deployment.dp_attention)),
      scheduler_(scheduler),
      block_size_(deployment.engine.block_size),
      pool_(kv_blocks),
      cache_(pool_, static_cast<uint32_t>(block_size_)),
      waiting_(Before{&scheduler}) {}

bool Batcher::is_before(const Scheduler& scheduler, const Request& a, const Request& b) {
  if (scheduler.before(a, b)) return true;
  return !scheduler.before(b, a) && a.order < b.order;
}

void Batcher::add(Owned request, const Clock& clock) {
  request->order = next_order_++;
  request->record.queued_s = clock.now_s;
  request->phase_start_s = clock.now_s;
  waiting_.insert(std::move(request));
}

void Batcher::cancel(Request& request) {
  request.is_cancelled = true;
  if (request.phase != Request::Phase::queued) return;
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Owned& waiting) { return waiting.get() == &request; });
  AGENTSIM_CONTRACT(found != waiting_.end(), "a cancelled call is not where it waits");
  waiting_.erase(found);
}

StepPlan Batcher::schedule(const Clock& clock) {
  int64_t budget = engine_.token_budget;
  preempted_ = false;
  for (const Owned& request : running_) request->scheduled = 0;
  if (engine_.mixed_batches) {
    schedule_running(budget, clock, [](const Request&) { return true; });
    if (!preempted_) admit_waiting(budget, clock);
  } else {
    schedule_running(budget, clock, [](const Request& request) { return !request.decoding(); });
    if (!preempted_) admit_waiting(budget, clock);
    if (budget == engine_.token_budget)
      schedule_running(budget, clock, [](const Request& request) { return request.decoding(); });
  }
  StepPlan plan;
  for (const Owned& request : running_) {
    if (request->scheduled == 0) continue;
    if (request->decoding()) {
      ++plan.batch.decoding;
      const int64_t context = request->computed + 1;
      plan.context_tokens += context;
      plan.window_tokens += std::min(context, window_);
      if (context < window_) ++plan.window_growth;
    } else {
      plan.batch.chunks.push_back(
          {static_cast<double>(request->scheduled), static_cast<double>(request->computed)});
      if (request->scheduled == request->missing_tokens()) ++plan.batch.finished_prompts;
    }
  }
  // A call that got no token of the budget this time is not part of the batch, which may differ next time.
  const bool all_scheduled = plan.batch.decoding == running();
  only_decodes_ = plan.batch.chunks.empty() && all_scheduled;
  if (!plan.batch.chunks.empty())
    for (const Owned& request : running_)
      if (request->scheduled > 0 && request->decoding()) plan.batch.contexts.push_back(request->computed);
  plan.only_decodes = only_decodes_;
  plan.same_batch = only_decodes_ && !changed_;
  changed_ = !only_decodes_;
  return plan;
}

template <class Wanted>
void Batcher::schedule_running(int64_t& budget, const Clock& clock, Wanted wanted) {
  std::vector<Request*> in_order;
  for (const Owned& owned : running_)
    if (wanted(*owned)) in_order.push_back(owned.get());
  for (Request* request : in_order) {
    if (budget == 0) return;
    if (request->phase == Request::Phase::queued) continue;  // preempted for one before it
    const int64_t tokens = chunk(request->missing_tokens(), budget);
    if (!make_room(*request, request->computed + tokens, budget, clock)) continue;
    request->scheduled = static_cast<uint32_t>(tokens);
    budget -= tokens;
  }
}

// Blocks for the first `tokens` tokens of a running call, at the cost of those that stand behind it. False if
// it was the last itself and so was preempted.
bool Batcher::make_room(Request& request, int64_t tokens, int64_t& budget, const Clock& clock) {
  while (missing_blocks(request, tokens) > pool_.available()) {
    Owned stopped = preempt_last(budget, clock);
    const bool was_itself = stopped.get() == &request;
    waiting_.insert(std::move(stopped));
    if (was_itself) return false;
  }
  grow(request, tokens);
  return true;
}

Batcher::Owned Batcher::preempt_last(int64_t& budget, const Clock& clock) {
  auto last = running_.begin();
  for (auto at = running_.begin(); at != running_.end(); ++at)
    if (is_before(scheduler_, **last, **at)) last = at;
  Owned request = std::move(*last);
  running_.erase(last);
  budget += request->scheduled;
  request->scheduled = 0;
  release(*request);
  request->lost_tokens = std::max(request->lost_tokens, request->computed);
  request->computed = 0;
  ++request->record.preemptions;
  ++preemptions_;
  enter(*request, Request::Phase::queued, clock);
  changed_ = preempted_ = true;
  return request;
}

void Batcher::admit_waiting(int64_t& budget, const Clock& clock) {
  while (!waiting_.empty() && budget > 0 && running() < engine_.max_sequences) {
    Request& head = **waiting_.begin();
    const auto known = static_cast<int64_t>(head.known_tokens());
    // The last token is always computed, because it gives the next one; only full blocks are shared.
    const auto limit = static_cast<uint32_t>((known - 1) / block_size_ * block_size_);
    const uint32_t hit = engine_.prefix_caching ? cache_.match(head.content, limit) : 0;
    const int64_t tokens = chunk(known - hit, budget);
    const int64_t needed = blocks_for(hit + tokens) - hit / block_size_;
    if (needed > pool_.available() - cache_.unheld_blocks(head.content, hit)) return;
    Owned request = std::move(waiting_.extract(waiting_.begin()).value());
    if (hit > 0) request->node = cache_.hold(request->content, hit);
    request->shared_tokens = request->computed = hit;
    take(needed);
    request->own_blocks = needed;
    request->scheduled = static_cast<uint32_t>(tokens);
    budget -= tokens;
    if (request->record.preemptions == 0) {
      request->record.hit_tokens = hit;
      request->record.scheduled_s = clock.now_s;
    }
    request->resumed = request->generated == 0 ? Request::Phase::prefill : Request::Phase::decode;
    enter(*request, hit < request->lost_tokens ? Request::Phase::recompute : request->resumed, clock);
    running_.push_back(std::move(request));
    changed_ = true;
  }
}

int64_t Batcher::steps_ahead() const {
  if (!only_decodes_ || (preempted_ && !waiting_.empty())) return 1;
  int64_t steps = std::numeric_limits<int64_t>::max();
  for (const Owned& request : running_) {
    steps = std::min<int64_t>(steps, request->record.output_tokens - request->generated);
    const int64_t context = request->computed + 1;
    if (context < window_) steps = std::min(steps, window_ - context);
  }
  const auto fits = [&](int64_t count) {
    int64_t needed = 0;
    for (const Owned& request : running_) needed += missing_blocks(*request, request->computed + count);
    return needed <= pool_.available();
  };
  if (fits(steps)) return steps;
  int64_t low = 1;  // the step in flight has its blocks
  while (low < steps - 1) {
    const int64_t middle = (low + steps) / 2;
    (fits(middle) ? low : steps) = middle;
  }
  return low;
}

void Batcher::apply(int64_t steps, bool in_flight) {
  if (steps == 0) return;
  bool has_prompts = false;
  for (const Owned& owned : running_) {
    Request& request = *owned;
    if (request.scheduled == 0) continue;
    const int64_t before = request.computed;
    const bool decodes = request.decoding();
    has_prompts |= !decodes;
    const int64_t tokens = decodes ? steps : request.scheduled;
    work_.doubled_pairs += decodes ? steps * (2 * before + steps + 1) : tokens * (2 * before + tokens);
    work_.cache_tokens_read += decodes ? steps * before + steps * (steps + 1) / 2 : before + tokens;
    if (window_ > 0) {
      const int64_t seen = windowed_sum(before, tokens, window_);
      work_.doubled_window_pairs += 2 * seen;
      work_.window_tokens_read += decodes ? seen : std::min(before, window_) + tokens;
    }
    (decodes ? work_.decode_tokens : work_.prefill_tokens) += tokens;
    request.computed += static_cast<uint32_t>(tokens);
    if (decodes || request.computed == request.known_tokens()) {
      request.generated += static_cast<uint32_t>(decodes ? steps : 1);
      work_.sampled += decodes ? steps : 1;
    }
    grow(request, request.computed + (in_flight ? 1 : 0));
  }
  work_.steps += steps;
  if (has_prompts) work_.prompt_steps += steps;
}

std::vector<Batcher::Owned> Batcher::finish(int64_t steps, const Clock& clock) {
  apply(steps, false);
  std::vector<Owned> finished;
  bool has_left = false;
  for (Owned& owned : running_) {
    Request& request = *owned;
    if (request.is_cancelled) {
      release(request);
      owned.reset();
      has_left = true;
      continue;
    }
    if (request.scheduled == 0) continue;
    // Other calls can use the prompt's blocks as soon as they are computed.
    if (request.phase != Request::Phase::decode)
      share(request, std::min(request.computed, request.record.prompt_tokens));
    if (request.phase == Request::Phase::recompute) end_recompute_step(request, clock);
    const bool caught_up = request.generated > 0 && request.missing_tokens() == 1;
    if (caught_up && request.phase == Request::Phase::prefill) request.record.first_token_s = clock.now_s;
    if (caught_up && request.phase != Request::Phase::decode) enter(request, Request::Phase::decode, clock);
    request.content.set_output_tokens(request.generated);
    if (request.generated < request.record.output_tokens) continue;
    enter(request, Request::Phase::decode, clock);
    request.record.last_token_s = clock.now_s;
    release(request);
    finished.push_back(std::move(owned));
    has_left = true;
  }
  if (has_left) {
    running_.erase(std::remove(running_.begin(), running_.end(), nullptr), running_.end());
    changed_ = true;
  }
  return finished;
}

int64_t Batcher::missing_blocks(const Request& request, int64_t tokens) const {
  return std::max<int64_t>(0, blocks_for(tokens) - request.shared_tokens / block_size_ - request.own_blocks);
}

void Batcher::take(int64_t blocks) {
  if (blocks > pool_.free()) cache_.evict(blocks - pool_.free());
  pool_.take(blocks);
}

void Batcher::grow(Request& request, int64_t tokens) {
  const int64_t blocks = missing_blocks(request, tokens);
  take(blocks);
  request.own_blocks += blocks;
}

// Moves the full blocks of the first `tokens` tokens into the prefix cache.
void Batcher::share(Request& request, uint32_t tokens) {
  if (!engine_.prefix_caching) return;
  const auto full = static_cast<uint32_t>(tokens / block_size_ * block_size_);
  if (full <= request.shared_tokens) return;
  request.node =
      cache_.extend(request.node, request.content, request.shared_tokens, full - request.shared_tokens);
  request.own_blocks -= (full - request.shared_tokens) / block_size_;
  request.shared_tokens = full;
}

// All full blocks stay in the cache, the others are given back.
void Batcher::release(Request& request) {
  request.content.set_output_tokens(request.generated);
  share(request, request.computed);
  pool_.give_back(request.own_blocks);
  request.own_blocks = 0;
  cache_.let_go(request.node);
  request.node = PrefixCache::kRoot;
  request.shared_tokens = 0;
}

}  // namespace agentsim::serving
