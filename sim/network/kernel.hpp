#pragma once

#include <cstdint>

#include "sim/network/event_queue.hpp"
#include "sim/network/event_target.hpp"

namespace agentsim::network {

class Mover;

// Simulated time, in s from 0. Events of one date happen in the order in which they were posted; then flows
// that were sent at that date start to move; then flows end that are due at that date, their targets being
// called in events of the same date. Works alone until a FlowNet is attached.
class Kernel {
 public:
  Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  double now() const { return now_s_; }
  // A date that is not before now().
  EventId at(double time_s, EventTarget& target, uint32_t kind, uint64_t payload = 0);
  EventId after(double delay_s, EventTarget& target, uint32_t kind, uint64_t payload = 0);
  // Resets the id. Nothing happens if it is none, or if its event has fired.
  void cancel(EventId& id);

  // Until nothing is left to happen. An exception of a target ends the run, which cannot be resumed.
  void run();
  // For targets: drops the events and flows that are left, so that run() returns.
  void stop() { is_stopped_ = true; }
  uint64_t events() const { return events_; }

  // For the side that moves bytes: it takes over the clock, and calls pump() when its own clock has reached a
  // date that it was asked to wake at. Null: the kernel works alone again.
  void attach(Mover* mover) { mover_ = mover; }
  void pump();

 private:
  bool is_due(double time_s) const;
  void dispatch();
  void drop_all();

  EventQueue queue_;
  Mover* mover_ = nullptr;
  double now_s_ = 0;
  uint64_t events_ = 0;
  bool is_stopped_ = false;
};

}  // namespace agentsim::network
