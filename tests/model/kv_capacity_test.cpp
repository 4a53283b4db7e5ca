#include "sim/model/kv_capacity.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

TEST_CASE("the KV cache of a token has the size computed by hand") {
  // Llama 70B in fp8: 2 x 80 layers x 8 heads x 128 = 160 KiB over all GPUs.
  const platform::Accelerator h100 = gpu("h100_sxm");
  for (const int64_t tp : {1, 2, 4, 8}) {
    const KVCapacity c = kv_capacity(deployment("llama_3_3_70b", "fp8", "fp8", tp), h100);
    CHECK(c.kv_bytes_per_token * static_cast<double>(tp) == 160.0 * 1024.0);
  }
  // Llama 8B in bf16: 2 x 32 x 8 x 128 x 2 = 128 KiB.
  CHECK(kv_capacity(deployment("llama_3_1_8b", "bf16", "bf16", 1), h100).kv_bytes_per_token ==
        128.0 * 1024.0);
}

TEST_CASE("KV heads are copied once there are more GPUs than heads") {
  const LLM llama = llm("llama_3_3_70b");
  CHECK(kv_heads_per_gpu(llama, 1) == 8);
  CHECK(kv_heads_per_gpu(llama, 8) == 1);
  CHECK(kv_heads_per_gpu(llama, 16) == 1);
  const platform::Accelerator h100 = gpu("h100_sxm");
  CHECK(kv_capacity(deployment("llama_3_3_70b", "fp8", "fp8", 16), h100).kv_bytes_per_token ==
        kv_capacity(deployment("llama_3_3_70b", "fp8", "fp8", 8), h100).kv_bytes_per_token);
}

TEST_CASE("the memory of an H100 under a quarter of Llama 70B is shared out as by hand") {
  const Deployment d = deployment("llama_3_3_70b", "fp8", "fp8", 4);
  REQUIRE(d.engine.gpu_memory_utilization == 0.9);
  REQUIRE(d.engine.token_budget == 8192);
  REQUIRE(d.engine.max_sequences == 256);
  const KVCapacity c = kv_capacity(d, gpu("h100_sxm"));
  // 90 % of 81559 MiB.
  CHECK(c.memory_bytes == doctest::Approx(76'968'728'985.6).epsilon(1e-12));
  // Matrices 68 451 041 280 in one byte, the other 2 102 665 216 parameters in two, over four GPUs.
  CHECK(c.weight_bytes == (68'451'041'280.0 + 2.0 * 2'102'665'216.0) / 4.0);
  // 8192 tokens x 2 B x (3 x 28672/4 + 3 x 8192) and 256 x 128256 logits of 8 B.
  CHECK(c.activation_bytes == 8192.0 * 92'160.0 + 262'668'288.0);
  CHECK(c.reserve_bytes == 2147483648.0);
  // What is left, 55 639 509 401.6 B, in blocks of 16 x 40 KiB.
  CHECK(c.blocks == 84'899);
}

TEST_CASE("the parts of the memory and the blocks fill the engine's share up to one block") {
  for (const char* name : {"h100_sxm", "rtx_pro_6000_server"}) {
    for (const int64_t tp : {1, 2, 4, 8}) {
      const Deployment d = deployment("qwen3_32b", "fp8", "bf16", tp);
      const KVCapacity c = kv_capacity(d, gpu(name));
      const double block = c.kv_bytes_per_token * static_cast<double>(d.engine.block_size);
      const double used =
          c.weight_bytes + c.activation_bytes + c.reserve_bytes + static_cast<double>(c.blocks) * block;
      CHECK(used <= c.memory_bytes);
      CHECK(used > c.memory_bytes - block);
    }
  }
}

TEST_CASE("a model that does not fit has no block") {
  // 141 GB of weights on one GPU of 80 GB.
  CHECK(kv_capacity(deployment("llama_3_3_70b", "bf16", "bf16", 1), gpu("h100_sxm")).blocks <= 0);
  CHECK(kv_capacity(deployment("llama_3_3_70b", "bf16", "bf16", 2), gpu("h100_sxm")).blocks > 0);
}

TEST_CASE("a number of blocks that is given is taken") {
  Deployment d = deployment("llama_3_1_8b", "bf16", "bf16", 1);
  d.kv_blocks = 123;
  CHECK(kv_capacity(d, gpu("h100_sxm")).blocks == 123);
}

}  // namespace
}  // namespace agentsim::model
