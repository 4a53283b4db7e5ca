#pragma once

#include <cstdint>

#include "sim/model/deployment.hpp"
#include "sim/platform/accelerator.hpp"

namespace agentsim::model {

// Where the memory of one GPU goes, in bytes.
//   blocks = (memory * utilisation - weights - activations - reserve) / (block_size * kv bytes per token)
struct KVCapacity {
  double memory_bytes = 0.0;      // the engine's share of the GPU's memory
  double weight_bytes = 0.0;      // this GPU's part of the model
  double activation_bytes = 0.0;  // peak of a step with a full token budget
  double reserve_bytes = 0.0;
  double kv_bytes_per_token = 0.0;  // on this GPU
  int64_t blocks = 0;               // of the replica; 0 or less: the model does not fit
};

// Key-value heads that one GPU of a replica keeps: heads are copied once there are more GPUs than heads.
int64_t kv_heads_per_gpu(const LLM& llm, int64_t tp);

KVCapacity kv_capacity(const Deployment& deployment, const platform::Accelerator& gpu);

}  // namespace agentsim::model
