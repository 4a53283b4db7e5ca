#include <doctest/doctest.h>

#include <cmath>

#include "sim/model/kv_capacity.hpp"
#include "tests/model/shipped.hpp"

// What engines have printed when they started; docs/deployment.md has the same rows and those that are further off.
namespace agentsim::model {
namespace {

KVCapacity capacity(const std::string& yaml, const std::string& on) {
  Deployment d;
  Diagnostics diagnostics;
  load_deployment(word(yaml), {"least_outstanding"}, {"fcfs"}, d, diagnostics);
  diagnostics.throw_if_any();
  return kv_capacity(d, gpu(on));
}

double off(double simulated, double published) {
  return std::abs(simulated / published - 1.0);
}

TEST_CASE("vLLM's number of blocks for Llama-2-7B on an A100 is met") {
  // vLLM pull request 2031, December 2023: 7351 blocks, whole prompts of 4096 tokens, utilisation 0.9.
  const KVCapacity c = capacity(
      "{model: llama_2_7b, precision: {weights: bf16}, engine: {preset: vllm_v0, token_budget: 4096}}",
      "a100_sxm_80gb");
  CHECK(off(static_cast<double>(c.blocks), 7351) < 0.03);
}

TEST_CASE("vLLM's cache memory for gpt-oss-20b on an A100 is met") {
  // myoceane.fr, 18 April 2026, vLLM 0.19: 36.56 GiB at a utilisation of 0.65; the server's budget on an A100 is 2048.
  const KVCapacity c = capacity(
      "{model: gpt_oss_20b, engine: {preset: vllm_v1, token_budget: 2048, gpu_memory_utilization: 0.65}}",
      "a100_sxm_80gb");
  const double bytes = static_cast<double>(c.blocks) * 16 * c.kv_bytes_per_token + c.window_bytes;
  CHECK(off(bytes / (1 << 30), 36.56) < 0.03);
}

TEST_CASE("SGLang's number of tokens for Qwen3-235B on four H100 is met") {
  // A report in vLLM's tracker, no. 21348, July 2025: 367 404 tokens with a memory fraction of 0.93.
  const KVCapacity c = capacity(
      "{model: qwen3_235b_a22b, tp: 4, precision: {weights: fp8}, engine: {preset: sglang, "
      "gpu_memory_utilization: "
      "0.93}}",
      "h100_sxm");
  CHECK(off(static_cast<double>(c.blocks), 367'404) < 0.05);
}

}  // namespace
}  // namespace agentsim::model
