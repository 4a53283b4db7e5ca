#pragma once

#include <cstdint>

#include "sim/network/traffic.hpp"
#include "sim/serving/kv/prefix_cache.hpp"
#include "sim/serving/records.hpp"

namespace agentsim::serving {

// A call on its way: to a replica, there queued -> running -> (preempted -> queued ->) finished, and back.
struct Request {
  enum class Phase : uint8_t { queued, prefill, decode, recompute };

  CallRecord record;
  uint64_t ticket = 0;  // the driver's word for it
  uint64_t order = 0;   // of arrival at the replica
  Content content;
  uint32_t generated = 0;                         // output tokens so far
  uint32_t computed = 0;                          // tokens whose keys and values are in the cache
  PrefixCache::NodeId node = PrefixCache::kRoot;  // end of the shared prefix it holds
  uint32_t shared_tokens = 0;                     // length of that prefix
  int64_t own_blocks = 0;                         // beyond it
  uint32_t lost_tokens = 0;        // computed at most before a preemption; up to there it is again
  Phase resumed = Phase::prefill;  // what recomputing leads back to
  uint32_t scheduled = 0;          // tokens of the step in flight
  Phase phase = Phase::queued;
  bool is_cancelled = false;  // running, and to be dropped when the step in flight ends
  double phase_start_s = 0.0;
  double phase_fabric_s = 0.0;  // the replica's communication clock when the phase began
  network::FlowId flow = 0;     // that carries it to the replica or back; 0: it is there
  uint64_t travel_slot = 0;     // the gateway's place for it meanwhile

  uint32_t known_tokens() const { return record.prompt_tokens + generated; }
  uint32_t missing_tokens() const { return known_tokens() - computed; }
  bool decoding() const { return generated > 0 && missing_tokens() == 1; }
};

}  // namespace agentsim::serving
