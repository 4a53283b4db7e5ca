#include "sim/serving/replica.hpp"

#include <algorithm>
#include <cmath>

namespace agentsim::serving {

Replica::Replica(const Parts& parts, uint32_t index, int64_t kv_blocks)
    : kernel_(parts.kernel),
      step_time_(parts.step_time),
      client_(parts.client),
      mode_(parts.mode),
      index_(index),
      batcher_(parts.deployment, parts.scheduler, kv_blocks) {}

void Replica::join(network::FlowNet& net, network::GroupId group, model::Lane lane) {
  net_ = &net;
  groups_.emplace_back(lane, group);
}

void Replica::enqueue(std::unique_ptr<Request> request) {
  batcher_.add(std::move(request), clock(done_));
  if (!busy_) {
    if (!held_) schedule();
    return;
  }
  if (batcher_.newest_is_first()) stop_at_next_step();
}

void Replica::cancel(Request& request) {
  batcher_.cancel(request);
  if (busy_) stop_at_next_step();
}

// The scheduler looks at what has changed when the step in flight ends.
void Replica::stop_at_next_step() {
  if (mode_ == StepMode::step_by_step) return;
  const int64_t next = run_.completed(kernel_.now(), target_ - 1) + 1;
  if (next >= target_) return;
  target_ = next;
  post();
}

void Replica::release() {
  held_ = false;
  schedule();
}

void Replica::on_event(uint32_t, uint64_t) {
  const int64_t steps = target_ - done_;
  account(steps);
  done_ = target_;
  for (std::unique_ptr<Request>& request : batcher_.finish(steps, clock(done_)))
    client_.on_finished(std::move(request));
  schedule();
}

void Replica::schedule() {
  StepPlan plan = batcher_.schedule(clock(done_));
  if (plan.empty()) {
    if (busy_) close_run(run_.communication_s(done_));
    busy_ = false;
    for (const auto& [lane, group] : groups_) net_->set_group_mean_rate(group, 0.0);
    return;
  }
  plan_ = std::move(plan);
  const StepTicks ticks = price(plan_);
  const bool goes_on = busy_ && plan_.same_batch && ticks == run_.step() &&
                       plan_.window_growth == run_.window_growth() && done_ < run_.max_steps();
  if (!goes_on) start_run(plan_, ticks);
  const int64_t ahead = mode_ == StepMode::fast ? batcher_.steps_ahead() : 1;
  target_ = std::min(run_.max_steps(), done_ + ahead);
  if (mode_ == StepMode::step_by_step)
    summed_ += goes_on ? ticks.of(plan_.context_tokens, plan_.window_tokens) : run_.ticks(1);
  post();
}

void Replica::start_run(const StepPlan& plan, const StepTicks& ticks) {
  if (busy_) close_run(run_.communication_s(done_));
  busy_ = true;
  done_ = 0;
  summed_ = 0;
  run_.begin(kernel_.now(), ticks,
             {plan.context_tokens, plan.batch.decoding, plan.window_tokens, plan.window_growth});
  set_mean_rates(run_.step_s());
}

void Replica::set_mean_rates(double step_s) {
  for (const auto& [lane, group] : groups_)
    net_->set_group_mean_rate(group, cost_.lanes[lane].wire_bytes / step_s);
}

// The run ends now, having communicated for `fabric_s`.
void Replica::close_run(double fabric_s) {
  busy_s_ += kernel_.now() - run_.anchor_s();
  fabric_s_ += fabric_s;
}

StepTicks Replica::price(const StepPlan& plan) {
  const bool from_table = plan.batch.chunks.empty() && mode_ == StepMode::fast;
  cost_ = from_table ? step_time_.decode_cost(plan.batch.decoding) : step_time_.cost(plan.batch);
  double fabric_s = 0.0;
  for (const auto& [lane, group] : groups_) fabric_s += cost_.lanes[lane].seconds(net_->group_rate(group));
  StepTicks ticks;
  ticks.communication = to_ticks(fabric_s);
  ticks.fixed = to_ticks(cost_.compute.fixed_s) + ticks.communication;
  ticks.per_token = to_ticks(cost_.compute.per_token_s);
  ticks.per_window_token = to_ticks(cost_.per_window_token_s);
  ticks.least = to_ticks(cost_.least_s);
  return ticks;
}

void Replica::post() {
  kernel_.cancel(event_);
  const double end_s = mode_ == StepMode::fast
                           ? run_.date_s(target_)
                           : run_.anchor_s() + static_cast<double>(summed_) * kTickSeconds;
  event_ = kernel_.at(end_s, *this, 0);
}

void Replica::on_rate_change(network::GroupId) {
  if (!busy_) return;
  const int64_t steps = run_.completed(kernel_.now(), target_);
  if (steps >= target_) return;  // the step ends at this very date and the next one looks at the rate itself
  const StepTicks ticks = price(plan_);
  if (ticks == run_.step()) return;
  settle(steps);
  close_run(run_.communication_until_s(kernel_.now()));
  target_ -= done_;
  done_ = 0;
  run_.change_speed(kernel_.now(), ticks);
  summed_ = run_.ticks(1);
  set_mean_rates(run_.step_s());
  post();
}

// Steps of the run that are done by now, while another is in flight.
void Replica::settle(int64_t steps) {
  account(steps - done_);
  batcher_.advance(steps - done_);
  done_ = steps;
}

void Replica::account(int64_t steps) {
  // Whole bytes, so that sums do not depend on how steps are taken together.
  if (steps == 0) return;
  for (const auto& [lane, group] : groups_)
    net_->account_group(group, std::round(cost_.lanes[lane].wire_bytes) * static_cast<double>(steps));
}

ReplicaSample Replica::sample() {
  const double now_s = kernel_.now();
  if (busy_) {
    const int64_t steps = run_.completed(now_s, target_);
    if (steps < target_) settle(steps);
  }
  ReplicaSample s;
  s.time_s = now_s;
  s.replica = index_;
  s.running = batcher_.running();
  s.waiting = batcher_.waiting();
  s.kv_used_blocks = batcher_.pool().used();
  s.kv_cached_blocks = batcher_.pool().cached();
  s.busy_s = busy_s_ + (busy_ ? now_s - run_.anchor_s() : 0.0);
  s.fabric_s = fabric_s_ + (busy_ ? run_.communication_until_s(now_s) : 0.0);
  s.work = batcher_.work();
  s.preemptions = batcher_.preemptions();
  s.evicted_blocks = batcher_.cache().evicted_blocks();
  s.flop = step_time_.flop(s.work);
  s.memory_bytes = step_time_.memory_bytes(s.work);
  return s;
}

}  // namespace agentsim::serving
