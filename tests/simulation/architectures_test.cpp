#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/simulation/helpers.hpp"

// Models with experts, latent attention and windows, run by both engines.
namespace agentsim {
namespace {

std::string calls(const std::string& deployment, const std::string& platform) {
  return fmt::format(
      "workload:\n"
      "  sessions: 40\n"
      "  source: single_call\n"
      "  single_call: {{prefix: 200, prompt: {{uniform: {{low: 5, high: 3000}}}}, output: {{uniform: {{low: "
      "1, high: "
      "600}}}}}}\n"
      "  arrival: {{kind: poisson, rate: 6/s}}\n"
      "deployment: {{{}}}\n"
      "platforms: [{}]\n"
      "reporting: {{sample_interval: 300 ms}}\n",
      deployment, platform);
}

void check_both(const std::string& deployment, const std::string& platform = "hgx_h100_x1") {
  const std::string yaml = calls(deployment, platform);
  const Files fast = run_text(yaml);
  const Files steps = run_text(yaml, {}, "step_by_step");
  for (const auto& [name, text] : fast) {
    CAPTURE(name);
    CHECK(text.size() > 100);
    CHECK((text == steps.at(name)));
  }
  CHECK(summary(fast)["calls"] > 30);
  CHECK(summary(fast)["mfu"] > 0.0);
  CHECK(summary(fast)["mfu"] < 0.6);
  CHECK(summary(fast)["mbu"] < 1.0);
}

TEST_CASE("both engines write the same bytes for windows that calls outgrow") {
  // Given gpt-oss with windows of 128 tokens, and gemma with 4096, so that calls pass them in the middle of runs.
  check_both("model: gpt_oss_20b, tp: 1, replicas: 1");
  check_both("model: gpt_oss_20b, tp: 2, replicas: 1", "rtx_pro_6000_pcie_x1");
  check_both("model: gemma_3_12b, tp: 1, replicas: 1");
}

TEST_CASE("both engines write the same bytes when windowed calls are preempted") {
  check_both("model: gpt_oss_20b, tp: 1, replicas: 1, kv_blocks: 420");
}

TEST_CASE("both engines write the same bytes for experts, latent and linear attention") {
  check_both("model: deepseek_v2_lite, tp: 1, replicas: 1");
  check_both("model: qwen3_next_80b_a3b, precision: {weights: fp8}, tp: 4, replicas: 1");
  check_both("model: qwen3_30b_a3b, precision: {weights: fp8, kv: fp8}, tp: 2, replicas: 1");
}

TEST_CASE("a call that outgrows its window takes the sum of its steps one by one") {
  // Given a prompt of 100 tokens and 300 of output with windows of 128, then step i of the decode sees 100 + i tokens
  // in the full layers and no more than 128 in the others.
  const std::string yaml =
      "workload: {sessions: 1, source: single_call, single_call: {prompt: 100, output: 300}, arrival: {kind: "
      "closed, "
      "concurrency: 1}}\n"
      "deployment: {model: gpt_oss_20b, tp: 1, replicas: 1}\n"
      "platforms: [hgx_h100_x1]\n";
  const Parts parts(yaml);
  model::Batch batch;
  batch.decoding = 1;
  const model::StepCost cost = parts.step_time.cost(batch);
  double decode_s = 0.0;
  for (int i = 1; i < 300; ++i) decode_s += cost.compute_s(100 + i, std::min(100 + i, 128));
  const Table table(run_text(yaml).at("calls.csv"));
  CHECK(std::abs(table.at(0, "last_token_s") - table.at(0, "ttft_s") - decode_s) < 1e-8);
}

}  // namespace
}  // namespace agentsim
