#pragma once

#include <cstdint>

#include "sim/model/deployment.hpp"
#include "sim/model/layout.hpp"
#include "sim/platform/accelerator.hpp"

namespace agentsim::model {

// Where the memory of one GPU goes, in bytes: of a stage that has the fewest blocks.
//   blocks = (memory * utilisation - weights - activations - reserve - windows) / (block_size * kv bytes per token)
// Windowed layers keep a window for each sequence if the engine frees what has left it (Engine::frees_windows), and if
// windows for all sequences at once leave more room than counting these layers like the others.
struct KVCapacity {
  double memory_bytes = 0.0;      // the engine's share of the GPU's memory
  double weight_bytes = 0.0;      // this GPU's part of the model
  double activation_bytes = 0.0;  // peak of a step with a full token budget
  double reserve_bytes = 0.0;
  double window_bytes =
      0.0;  // windows of all sequences, where they are kept apart, and states of linear attention
  double kv_bytes_per_token = 0.0;  // on this GPU
  int64_t blocks = 0;               // of the replica; 0 or less: the model does not fit
  int64_t blocks_of_a_call = 0;     // that one call can have: those of one group of attention
};

KVCapacity kv_capacity(const Deployment& deployment, const platform::Accelerator& gpu);

}  // namespace agentsim::model
