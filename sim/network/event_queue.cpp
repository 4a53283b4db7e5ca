#include "sim/network/event_queue.hpp"

#include <algorithm>

#include "sim/base/contract.hpp"

namespace agentsim::network {

namespace {
// Below this many stale entries a rebuild costs more than it saves.
constexpr size_t kFewStale = 1024;
}  // namespace

bool EventQueue::is_later(const Entry& a, const Entry& b) {
  return a.time_s > b.time_s || (a.time_s == b.time_s && a.order > b.order);
}

EventId EventQueue::push(double time_s, EventTarget& target, uint32_t kind, uint64_t payload) {
  uint32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    AGENTSIM_CONTRACT(slot != EventId::kNone, "event queue: more than {} events at once", slot);
    slots_.push_back({{}, 0});
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[slot].event = {&target, payload, kind};
  heap_.push_back({time_s, posted_++, slot, slots_[slot].generation});
  std::push_heap(heap_.begin(), heap_.end(), is_later);
  ++live_;
  return {slot, slots_[slot].generation};
}

void EventQueue::cancel(EventId& id) {
  if (id.slot < slots_.size() && slots_[id.slot].generation == id.generation) {
    release(id.slot);
    if (heap_.size() - live_ > std::max(live_, kFewStale)) compact();
  }
  id = {};
}

void EventQueue::clear() {
  for (const Entry& entry : heap_) {
    if (!is_stale(entry)) release(entry.slot);
  }
  heap_.clear();
}

double EventQueue::next_time() {
  drop_stale_top();
  return heap_.front().time_s;
}

EventQueue::Event EventQueue::pop() {
  drop_stale_top();
  const uint32_t slot = heap_.front().slot;
  drop_top();
  release(slot);
  return slots_[slot].event;
}

void EventQueue::drop_top() {
  std::pop_heap(heap_.begin(), heap_.end(), is_later);
  heap_.pop_back();
}

void EventQueue::drop_stale_top() {
  while (!heap_.empty() && is_stale(heap_.front())) drop_top();
  AGENTSIM_CONTRACT(!heap_.empty(), "event queue: asked for the next event of an empty queue");
}

void EventQueue::compact() {
  heap_.erase(std::remove_if(heap_.begin(), heap_.end(), [this](const Entry& e) { return is_stale(e); }),
              heap_.end());
  std::make_heap(heap_.begin(), heap_.end(), is_later);
}

void EventQueue::release(uint32_t slot) {
  ++slots_[slot].generation;
  free_slots_.push_back(slot);
  --live_;
}

}  // namespace agentsim::network
