#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/simulation/helpers.hpp"

namespace agentsim {
namespace {

std::string one_call(int prompt, int output, const std::string& deployment, const std::string& platform) {
  return fmt::format(
      "workload:\n"
      "  sessions: 1\n"
      "  source: single_call\n"
      "  single_call: {{prompt: {}, output: {}}}\n"
      "  arrival: {{kind: closed, concurrency: 1}}\n"
      "deployment: {{{}}}\n"
      "platforms: [{}]\n",
      prompt, output, deployment, platform);
}

void check_alone(const std::string& yaml, int64_t prompt, int64_t output) {
  const Parts parts(yaml);
  const double rate = parts.group.rate();
  const double prefill_s = parts.prefill_s(prompt, rate);
  const double decode_s = parts.decode_s(prompt, output, rate);
  const double in_s = parts.travel_s(parts.choice.cluster.ingress(0), 4.0 * static_cast<double>(prompt));
  const double out_s = parts.travel_s(parts.choice.cluster.egress(0), 4.0 * static_cast<double>(output));
  for (const char* engine : {"fast", "step_by_step"}) {
    CAPTURE(engine);
    const Table calls(run_text(yaml, {}, engine).at("calls.csv"));
    REQUIRE(calls.size() == 1);
    // The file has whole nanoseconds.
    CHECK(std::abs(calls.at(0, "queued_s") - in_s) < 1e-8);
    CHECK(std::abs(calls.at(0, "ttft_s") - (in_s + prefill_s)) < 1e-8);
    CHECK(std::abs(calls.at(0, "last_token_s") - (in_s + prefill_s + decode_s)) < 1e-8);
    CHECK(std::abs(calls.at(0, "e2e_s") - (in_s + prefill_s + decode_s + out_s)) < 1e-8);
    CHECK(calls.at(0, "queue_s") == 0.0);
    CHECK((calls.at(0, "fabric_s") > 0.0) == (parts.group.size() > 1));
  }
  MESSAGE("in " << in_s << " prefill " << prefill_s << " decode " << decode_s << " out " << out_s);
}

TEST_CASE("a call alone on PCIe takes the sum of its messages and steps") {
  // Given 70B on four PCIe GPUs and a prompt of 20 000 tokens in three chunks with 300 of output, then its
  // times are the routes' latencies and bytes over bandwidth, and the step times one by one, collectives at
  // the ring's full rate.
  check_alone(
      one_call(20000, 300, "model: llama_3_3_70b, precision: {weights: fp8, kv: fp8}, tp: 4, engine: vllm_v1",
               "rtx_pro_6000_pcie_x1"),
      20000, 300);
}

TEST_CASE("a call alone takes its launches until its contexts take longer") {
  // Given 8B launched kernel by kernel, 32 layers of 388 us, then its steps take 12.2 ms beside the host until its context is
  // some thousand tokens, and from there what the GPU takes.
  const std::string yaml =
      one_call(100, 6000,
               "model: llama_3_1_8b, tp: 1, replicas: 1, "
               "engine: {preset: vllm_2023, launch_per_layer: 380us, token_budget: 8192}",
               "rtx_pro_6000_pcie_x1");
  const Parts parts(yaml);
  const model::StepCost cost = parts.step_time.decode_cost(1);
  CHECK(cost.compute_s(100, 0.0) < cost.least_s);
  CHECK(cost.compute_s(6000, 0.0) > cost.least_s);
  check_alone(yaml, 100, 6000);
}

TEST_CASE("a call alone on one GPU takes the sum of its messages and steps") {
  // Given 8B on one H100 and more output than a run of steps has, then the same without collectives.
  check_alone(one_call(100, 6000, "model: llama_3_1_8b, tp: 1, replicas: 1, engine: vllm_v1", "hgx_h100_x1"),
              100, 6000);
}

}  // namespace
}  // namespace agentsim
