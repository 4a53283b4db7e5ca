#include "sim/network/kernel.hpp"

#include <cmath>

#include "sim/base/contract.hpp"
#include "sim/network/mover.hpp"

namespace agentsim::network {

EventId Kernel::at(double time_s, EventTarget& target, uint32_t kind, uint64_t payload) {
  AGENTSIM_CONTRACT(time_s >= now_s_ && std::isfinite(time_s), "I5: event {} posted at {} s for {} s", kind,
                    now_s_, time_s);
  return queue_.push(time_s, target, kind, payload);
}

EventId Kernel::after(double delay_s, EventTarget& target, uint32_t kind, uint64_t payload) {
  return at(now_s_ + delay_s, target, kind, payload);
}

void Kernel::cancel(EventId& id) {
  queue_.cancel(id);
}

void Kernel::run() {
  is_stopped_ = false;
  if (mover_) {
    mover_->wake_at(now_s_);
    mover_->run();
    AGENTSIM_CONTRACT(!mover_->is_moving() && !mover_->has_changes(), "run() ended at {} s with flows left",
                      now_s_);
  } else {
    pump();
  }
  AGENTSIM_CONTRACT(queue_.is_empty(), "run() ended at {} s with events left", now_s_);
}

// While nothing moves, events are dispatched ahead of the mover's clock: it is cheaper than waking once a
// date. The first flow that is sent ends this; the mover is then brought to the kernel's date, and the flow
// starts.
void Kernel::pump() {
  for (;;) {
    if (is_stopped_) return drop_all();
    if (!queue_.is_empty() && queue_.next_time() <= now_s_) {
      dispatch();
      continue;
    }
    if (mover_ && mover_->has_changes()) {
      if (mover_->clock() < now_s_) return mover_->wake_at(now_s_);
      mover_->apply_changes();
    }
    if (queue_.is_empty()) return;
    const double next_s = queue_.next_time();
    if (!is_due(next_s)) return mover_->wake_at(next_s);
    now_s_ = next_s;
  }
}

bool Kernel::is_due(double time_s) const {
  return !mover_ || !mover_->is_moving() || time_s <= mover_->clock();
}

void Kernel::dispatch() {
  const EventQueue::Event event = queue_.pop();
  ++events_;
  event.target->on_event(event.kind, event.payload);
}

void Kernel::drop_all() {
  queue_.clear();
  if (mover_) mover_->drop_flows();
}

}  // namespace agentsim::network
