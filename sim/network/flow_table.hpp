#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/network/event_queue.hpp"
#include "sim/network/fabric.hpp"
#include "sim/network/traffic.hpp"

namespace agentsim::network {

// One flow from send() until its target was told.
struct Flow {
  enum class Phase : uint8_t {
    none,     // no flow: the record is free
    latency,  // nothing is on the links yet
    waiting,  // counted on its links; starts once all events of the date are done
    moving,
    arrived,  // off its links; the target is yet to be told
  };

  FlowTarget* target = nullptr;
  uint64_t payload = 0;
  uint64_t bytes = 0;
  Fabric::Stream* stream = nullptr;  // while moving
  EventId event{};                   // end of the latency, or telling the target
  PathId path = 0;
  uint32_t generation = 0;
  TrafficClass traffic = TrafficClass::background;
  Phase phase = Phase::none;
};

// Records of the flows by id. Ids are never 0, and above 2^32 always, so that a stream's tag may be either
// the id of a flow or that of a group.
class FlowTable {
 public:
  FlowId add(Flow flow);
  // Null if the flow is no more.
  Flow* find(FlowId id);
  void remove(FlowId id);
  // In no order of meaning, but the same in every run.
  std::vector<FlowId> all() const;

  static bool is_flow(uint64_t tag) { return tag >> 32 != 0; }

 private:
  std::deque<Flow> flows_;
  std::vector<uint32_t> free_slots_;
};

}  // namespace agentsim::network
