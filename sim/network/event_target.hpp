#pragma once

#include <cstdint>

namespace agentsim::network {

// Someone to whom things happen. `kind` and `payload` are the target's own words; the kernel only carries
// them.
class EventTarget {
 public:
  virtual ~EventTarget() = default;
  virtual void on_event(uint32_t kind, uint64_t payload) = 0;
};

}  // namespace agentsim::network
