#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "sim/network/kernel.hpp"
#include "sim/workload/resource.hpp"

namespace agentsim::serving {

using workload::ResourceSpec;

// Told that a tool has ended, having waited for `queue_s` before it began.
class ToolClient {
 public:
  virtual ~ToolClient() = default;
  virtual void on_tool_end(uint64_t ticket, uint32_t tool, double queue_s) = 0;
};

// The resources of a scenario in time. A tool's time is the wait for its resource plus its own duration.
class ToolPool : public network::EventTarget {
 public:
  using ToolId = uint32_t;

  ToolPool(network::Kernel& kernel, std::vector<ResourceSpec> resources)
      : kernel_(kernel), resources_(std::move(resources)) {}

  // Starts as soon as the resource lets it; `resource` is an index, -1 for none. `person` has a resource of
  // their own if it is per person.
  ToolId begin(int resource, uint64_t person, double service_s, ToolClient& client, uint64_t ticket);
  // The client is not told. Once a tool, before it has ended.
  void cancel(ToolId tool);

  void on_event(uint32_t kind, uint64_t payload) override;

 private:
  enum Kind : uint32_t { kEnd, kNextSlot };
  struct Queue {
    ResourceSpec spec;
    std::deque<ToolId> waiting;
    int64_t running = 0;
    double next_start_s = 0.0;  // of a limited rate
    network::EventId wake;
  };
  struct Tool {
    ToolClient* client = nullptr;
    uint64_t ticket = 0;
    uint64_t queue = 0;
    double service_s = 0.0;
    double asked_s = 0.0;
    double started_s = -1.0;  // waits
    network::EventId end;
  };

  uint64_t queue_of(int resource, uint64_t person);
  void serve(uint64_t queue);

  network::Kernel& kernel_;
  std::vector<ResourceSpec> resources_;
  std::map<std::pair<int, uint64_t>, uint64_t> numbers_;  // of resource and person
  std::vector<Queue> queues_;
  std::vector<Tool> tools_;
  std::vector<ToolId> unused_;
};

}  // namespace agentsim::serving
