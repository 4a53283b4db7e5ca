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

TEST_CASE("a latent cache is whole on every GPU") {
  // DeepSeek V3: 61 layers of 512 + 64 elements, in fp8.
  const platform::Accelerator h200 = gpu("h200_sxm");
  CHECK(kv_capacity(deploy("{model: deepseek_v3, precision: {kv: fp8}, tp: 8}"), h200).kv_bytes_per_token ==
        61 * 576);
  CHECK(kv_capacity(deploy("{model: deepseek_v3, precision: {kv: fp8}, tp: 16}"), h200).kv_bytes_per_token ==
        61 * 576);
  // Four stages: the third has 16 of the layers.
  CHECK(kv_capacity(deploy("{model: deepseek_v3, precision: {kv: fp8}, tp: 4, pp: 4}"), h200)
            .kv_bytes_per_token == 16 * 576);
}

TEST_CASE("experts that are shared out and attention that is not share the memory by hand") {
  // DeepSeek V2 Lite on 4 GPUs, bf16: each has 16 of 64 experts of 3 x 2048 x 1408 in 26 layers, a quarter of the dense
  // MLP of 3 x 2048 x 10944, and everything else but the head, the router and the norms whole.
  const Deployment d = deploy("{model: deepseek_v2_lite, tp: 4, ep: 4, dp_attention: 4}");
  const LLM& llm = d.llm;
  const double attention = 27 * llm.attention_matrix(llm.layer_runs().front());
  const double vocabulary = 102400.0 * 2048;
  const double rest = llm.parameters() - llm.matrix_parameters() - 2 * vocabulary;
  const double expected = attention + 26 * (16 * 3 * 2048 * 1408 + llm.shared_matrix()) +
                          3.0 * 2048 * 10944 / 4 + vocabulary + vocabulary / 4 + rest / 4;
  const KVCapacity c = kv_capacity(d, gpu("h100_sxm"));
  CHECK(c.weight_bytes == doctest::Approx(2 * expected).epsilon(1e-12));
  // Four groups with sequences of their own: a call has a quarter of the blocks.
  CHECK(c.blocks == 4 * c.blocks_of_a_call);
}

TEST_CASE("windowed layers keep a window for each sequence where that leaves more room") {
  // gpt-oss 20B: 12 layers of each kind, 2 x 8 x 64 elements of two bytes; windows of 128 for 256 sequences.
  const double layer = 2 * 8 * 64 * 2;
  const KVCapacity freed = kv_capacity(deploy("{model: gpt_oss_20b}"), gpu("h100_sxm"));
  CHECK(freed.kv_bytes_per_token == 12 * layer);
  CHECK(freed.window_bytes == 256 * 128 * 12 * layer);
  const KVCapacity kept = kv_capacity(
      deploy("{model: gpt_oss_20b, engine: {preset: vllm_v1, frees_windows: off}}"), gpu("h100_sxm"));
  CHECK(kept.kv_bytes_per_token == 24 * layer);
  CHECK(kept.window_bytes == 0.0);
  CHECK(freed.blocks > 1.8 * static_cast<double>(kept.blocks));
}

TEST_CASE("states of linear attention are kept for every sequence that runs at once") {
  // Qwen3-Next on four GPUs: 36 layers of 2 146 304 B over four GPUs, for 256 sequences.
  const KVCapacity c = kv_capacity(deploy("{model: qwen3_next_80b_a3b, tp: 4}"), gpu("h100_sxm"));
  CHECK(c.window_bytes == 256 * 36 * 2'146'304.0 / 4);
  CHECK(c.kv_bytes_per_token == 12 * 2 * 256 * 2);
  CHECK(c.blocks > 0);
}

TEST_CASE("a draft's weights and cache take their share") {
  const KVCapacity alone = kv_capacity(deploy("{model: llama_3_1_8b}"), gpu("h100_sxm"));
  const Deployment d = deploy("{model: llama_3_1_8b, speculation: {tokens: 3, draft: llama_3_2_1b}}");
  const KVCapacity both = kv_capacity(d, gpu("h100_sxm"));
  CHECK(both.weight_bytes - alone.weight_bytes == doctest::Approx(2 * llm("llama_3_2_1b").parameters()));
  // 16 layers of 2 x 8 x 64 elements.
  CHECK(both.kv_bytes_per_token - alone.kv_bytes_per_token == 16 * 2 * 8 * 64 * 2);
}

}  // namespace
}  // namespace agentsim::model
