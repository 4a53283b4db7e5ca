#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/registry.hpp"

namespace agentsim::serving {

struct ReplicaView {
  int64_t outstanding_calls = 0;   // routed to it and not yet answered
  int64_t outstanding_tokens = 0;  // of their prompts
};

struct RouteRequest {
  uint64_t session = 0;
  uint32_t agent = 0;
  uint32_t prompt_tokens = 0;
  std::optional<uint32_t> last_replica;  // of the session's previous call
};

// Chooses the replica of a call. Pure: the same view gives the same answer.
class Router {
 public:
  virtual ~Router() = default;
  virtual uint32_t route(const RouteRequest& request, const std::vector<ReplicaView>& replicas) const = 0;
};

using Routers = Registry<Router>;

// The replica with the fewest outstanding calls; of equals the one with the fewest tokens, then the first.
uint32_t least_outstanding(const std::vector<ReplicaView>& replicas);

}  // namespace agentsim::serving
