#include "sim/model/kv_capacity.hpp"

#include <algorithm>
#include <cmath>

namespace agentsim::model {

int64_t kv_heads_per_gpu(const LLM& llm, int64_t tp) {
  return std::max<int64_t>(1, llm.kv_heads / tp);
}

KVCapacity kv_capacity(const Deployment& deployment, const platform::Accelerator& gpu) {
  const LLM& llm = deployment.llm;
  const Engine& engine = deployment.engine;
  const auto tp = static_cast<double>(deployment.tp);
  const auto hidden = static_cast<double>(llm.hidden);
  KVCapacity c;
  c.memory_bytes = gpu.memory_bytes * engine.gpu_memory_utilization;
  // Embedding, head and norms stay in bf16 whatever the matrices are kept in.
  const double rest = llm.parameters() - llm.matrix_parameters();
  c.weight_bytes = (llm.matrix_parameters() * dtype_bytes(deployment.precision.weights) + rest * 2.0) / tp;
  // vLLM measures the peak with a dummy run: gate, up and their product beside two residual streams in bf16,
  // and the logits of every sequence in fp32 with a copy.
  const double token_bytes = 2.0 * (3.0 * static_cast<double>(llm.ffn) / tp + 3.0 * hidden);
  c.activation_bytes = static_cast<double>(engine.token_budget) * token_bytes +
                       static_cast<double>(engine.max_sequences * llm.vocabulary) * 8.0;
  c.reserve_bytes = engine.runtime_reserve_bytes;
  c.kv_bytes_per_token =
      static_cast<double>(2 * llm.layers * kv_heads_per_gpu(llm, deployment.tp) * llm.head_dim) *
      dtype_bytes(deployment.precision.kv);
  const double left = c.memory_bytes - c.weight_bytes - c.activation_bytes - c.reserve_bytes;
  c.blocks = static_cast<int64_t>(
      std::floor(left / (static_cast<double>(engine.block_size) * c.kv_bytes_per_token)));
  if (deployment.kv_blocks > 0) c.blocks = deployment.kv_blocks;
  return c;
}

}  // namespace agentsim::model
