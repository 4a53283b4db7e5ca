#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/network/event_target.hpp"

namespace agentsim::network {

// Names one event that was posted. Default: none. An id that has fired or was cancelled names nothing any
// more.
struct EventId {
  static constexpr uint32_t kNone = 0xffffffffU;
  uint32_t slot = kNone;
  uint32_t generation = 0;
};

// Events ordered by (time, order of posting). Cancelling is lazy: the entry stays in the heap until it
// surfaces or until stale entries outnumber the live ones.
class EventQueue {
 public:
  struct Event {
    EventTarget* target;
    uint64_t payload;
    uint32_t kind;
  };

  EventId push(double time_s, EventTarget& target, uint32_t kind, uint64_t payload);
  void cancel(EventId& id);
  void clear();

  bool is_empty() const { return live_ == 0; }
  // Date of the next event. Not for an empty queue.
  double next_time();
  // Takes the next event out. Not for an empty queue.
  Event pop();

 private:
  struct Entry {
    double time_s;
    uint64_t order;
    uint32_t slot;
    uint32_t generation;
  };
  struct Slot {
    Event event;
    uint32_t generation;
  };

  static bool is_later(const Entry& a, const Entry& b);
  bool is_stale(const Entry& entry) const { return slots_[entry.slot].generation != entry.generation; }
  void drop_top();
  void drop_stale_top();
  void compact();
  void release(uint32_t slot);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  size_t live_ = 0;
  uint64_t posted_ = 0;
};

}  // namespace agentsim::network
