#pragma once

#include "sim/platform/accelerator.hpp"

namespace agentsim::model {

// A GPU without overheads: 100 TFLOP/s on 10 multiprocessors and 1 TB/s.
inline platform::Accelerator ideal() {
  platform::Accelerator g;
  g.name = "ideal";
  g.peak = {100e12, 200e12, 0.0};
  g.sm_count = 10;
  g.memory_bytes_per_s = 1e12;
  g.efficiency.gemm["bf16"] = {};
  g.efficiency.prefill_attention["bf16"] = {};
  g.efficiency.decode_attention["bf16"] = {};
  return g;
}

}  // namespace agentsim::model
