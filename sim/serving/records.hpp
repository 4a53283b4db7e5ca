#pragma once

#include <cstdint>
#include <string>

#include "sim/model/step_time.hpp"

namespace agentsim::serving {

// The time of one call, or of a session's critical path, by what it was spent on; seconds. The parts of a
// call add up to its E2E latency, those of a session to its latency (I8).
struct TimeSplit {
  double network_s = 0.0;     // request and reply between gateway and replica
  double queue_s = 0.0;       // waiting at the replica, also after a preemption
  double prefill_s = 0.0;     // in steps until the first token, without their exposed communication
  double decode_s = 0.0;      // in steps after it, likewise
  double recompute_s = 0.0;   // of steps, the share of tokens computed again after a preemption, likewise
  double fabric_s = 0.0;      // exposed collectives of all those steps
  double tool_s = 0.0;        // tools, and the delay before a sub-agent's first call
  double human_s = 0.0;       // think time, waiting for a person who is busy included
  double tool_queue_s = 0.0;  // tools waiting for what they run on

  double sum() const {
    return network_s + queue_s + prefill_s + decode_s + recompute_s + fabric_s + tool_s + human_s +
           tool_queue_s;
  }
  TimeSplit& operator+=(const TimeSplit& o) {
    network_s += o.network_s;
    queue_s += o.queue_s;
    prefill_s += o.prefill_s;
    decode_s += o.decode_s;
    recompute_s += o.recompute_s;
    fabric_s += o.fabric_s;
    tool_s += o.tool_s;
    human_s += o.human_s;
    tool_queue_s += o.tool_queue_s;
    return *this;
  }
};

// One finished call. Dates are simulated seconds from the start of the run.
struct CallRecord {
  uint64_t session = 0;  // index in the workload
  uint32_t agent = 0;
  uint32_t call = 0;  // of the agent, from 0
  uint32_t replica = 0;
  uint32_t prompt_tokens = 0;
  uint32_t output_tokens = 0;
  uint32_t hit_tokens = 0;         // prompt tokens found in the prefix cache when first scheduled
  uint32_t recomputed_tokens = 0;  // computed again after preemptions
  uint32_t preemptions = 0;
  double arrival_s = 0.0;    // at the gateway
  double queued_s = 0.0;     // at the replica
  double scheduled_s = 0.0;  // in a step for the first time
  double first_token_s = 0.0;
  double last_token_s = 0.0;
  double end_s = 0.0;  // the reply is back at the gateway
  TimeSplit split;
};

struct SessionRecord {
  uint64_t session = 0;
  std::string name;
  double arrival_s = 0.0;
  double end_s = 0.0;  // all its agents have ended
  uint32_t agents = 0;
  uint32_t cancelled_agents = 0;  // losers of join groups, and those whom nobody waits for any more
  uint32_t calls = 0;             // finished; tokens and preemptions are theirs
  uint32_t cancelled_calls = 0;   // had been sent
  uint64_t prompt_tokens = 0;
  uint64_t hit_tokens = 0;
  uint64_t output_tokens = 0;
  uint32_t preemptions = 0;
  // Agents waiting for sub-agents and messages; beside the critical path, which runs through these.
  double join_wait_s = 0.0;
  TimeSplit path;  // of the critical path
};

// A replica at one moment, and what it has done so far.
struct ReplicaSample {
  double time_s = 0.0;
  uint32_t replica = 0;
  int64_t running = 0;
  int64_t waiting = 0;
  int64_t kv_used_blocks = 0;
  int64_t kv_cached_blocks = 0;
  double busy_s = 0.0;    // in steps, so far
  double fabric_s = 0.0;  // of it exposed communication
  model::Work work;
  int64_t preemptions = 0;
  int64_t evicted_blocks = 0;
  double flop = 0.0;
  double memory_bytes = 0.0;
};

}  // namespace agentsim::serving
