#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/simulation/helpers.hpp"

// Replicas of several stages, with experts that are shared out and with guesses, run by both engines.
namespace agentsim {
namespace {

std::string calls(const std::string& deployment, const std::string& platform) {
  return fmt::format(
      "workload:\n"
      "  sessions: 30\n"
      "  source: single_call\n"
      "  single_call: {{prefix: 200, prompt: {{uniform: {{low: 5, high: 3000}}}}, output: {{uniform: {{low: "
      "1, high: "
      "300}}}}}}\n"
      "  arrival: {{kind: poisson, rate: 8/s}}\n"
      "deployment: {{{}}}\n"
      "platforms: [{}]\n"
      "reporting: {{sample_interval: 300 ms}}\n",
      deployment, platform);
}

Files check_both(const std::string& deployment, const std::string& platform) {
  const std::string yaml = calls(deployment, platform);
  const Files fast = run_text(yaml);
  const Files steps = run_text(yaml, {}, "step_by_step");
  for (const auto& [name, text] : fast) {
    CAPTURE(name);
    CHECK((text == steps.at(name)));
  }
  return fast;
}

// Bytes of a class on all links.
double bytes(const Files& files, const std::string& traffic) {
  const Table links(files.at("links.csv"));
  double sum = 0.0;
  for (size_t row = 0; row < links.size(); ++row)
    if (links.text(row, "traffic_class") == traffic) sum += links.at(row, "bytes");
  return sum;
}

TEST_CASE("both engines write the same bytes for pipelines") {
  const Files files = check_both("model: llama_3_1_8b, tp: 2, pp: 2, replicas: 2", "rtx_pro_6000_pcie_x1");
  CHECK(bytes(files, "pipeline") > 0.0);
  CHECK(bytes(files, "tensor_parallel") > 0.0);
  CHECK(bytes(files, "expert_parallel") == 0.0);
}

TEST_CASE("both engines write the same bytes for shared-out experts and data-parallel attention") {
  const Files files = check_both("model: deepseek_v2_lite, tp: 4, ep: 4, dp_attention: 4, replicas: 1",
                                 "rtx_pro_6000_pcie_x1");
  CHECK(bytes(files, "expert_parallel") > 0.0);
  check_both("model: deepseek_v2_lite, tp: 4, ep: 4, dp_attention: 2, pp: 2, replicas: 1", "hgx_h100_x1");
}

TEST_CASE("both engines write the same bytes for guessed tokens") {
  check_both(
      "model: llama_3_1_8b, tp: 1, replicas: 1, speculation: {tokens: 3, acceptance: 0.6, draft: "
      "llama_3_2_1b}",
      "hgx_h100_x1");
  check_both("model: gpt_oss_20b, tp: 1, replicas: 1, speculation: {tokens: 2, draft: ngram}", "hgx_h100_x1");
}

TEST_CASE("a call alone sends its activations from stage to stage") {
  // Given 8B on four stages of one GPU, a prompt of 1000 tokens and 11 of output, then each of the three messages of a
  // step has 2 x 4096 in bf16 for each token: of 1000 tokens once and of one ten times. On the PCIe node a message
  // crosses two cables of GPUs and, between the second and the third stage, no more than on its route.
  const std::string yaml =
      "workload: {sessions: 1, source: single_call, single_call: {prompt: 1000, output: 11}, arrival: {kind: "
      "closed, "
      "concurrency: 1}}\n"
      "deployment: {model: llama_3_1_8b, tp: 1, pp: 4, replicas: 1}\n"
      "platforms: [rtx_pro_6000_pcie_x1]\n";
  const Parts parts(yaml);
  double crossings = 0.0;
  for (const auto& [link, count] : parts.links.crossings(model::Lane::pipeline)) crossings += count;
  double routes = 0.0;
  for (int gpu = 0; gpu < 3; ++gpu)
    routes += static_cast<double>(parts.choice.cluster.gpu_route(gpu, gpu + 1).links.size());
  CHECK(crossings == routes);
  const Files files = run_text(yaml);
  CHECK(bytes(files, "pipeline") == doctest::Approx(routes * 1010 * 2 * 4096 * 2.0).epsilon(1e-9));
}

TEST_CASE("a replica's own lanes do not slow each other") {
  // Given a call alone on shared-out experts, then every step has the undisturbed rates of all its lanes.
  const std::string yaml =
      "workload: {sessions: 1, source: single_call, single_call: {prompt: 600, output: 50}, arrival: {kind: "
      "closed, "
      "concurrency: 1}}\n"
      "deployment: {model: deepseek_v2_lite, tp: 4, ep: 4, dp_attention: 2, replicas: 1}\n"
      "platforms: [rtx_pro_6000_pcie_x1]\n";
  const Parts parts(yaml);
  model::Batch batch;
  batch.decoding = 1;
  const model::StepCost cost = parts.step_time.cost(batch);
  for (const model::Lane lane : {model::Lane::tensor, model::Lane::attention, model::Lane::expert})
    CHECK(cost.lanes[lane].wire_bytes > 0.0);
  double decode_s = 0.0;
  for (int i = 1; i < 50; ++i)
    decode_s += cost.compute_s(600 + i, 0) + cost.lanes.seconds(parts.links.rates());
  const Table table(run_text(yaml).at("calls.csv"));
  CHECK(std::abs(table.at(0, "last_token_s") - table.at(0, "ttft_s") - decode_s) < 1e-8);
}

TEST_CASE("guessing shortens the decode of a call alone by the closed form") {
  const std::string yaml =
      "workload: {sessions: 1, source: single_call, single_call: {prompt: 100, output: 200}, arrival: {kind: "
      "closed, "
      "concurrency: 1}}\n"
      "deployment: {model: llama_3_1_8b, tp: 1, replicas: 1, speculation: {tokens: 2, acceptance: 0.5, "
      "draft: ngram}}\n"
      "platforms: [hgx_h100_x1]\n";
  const Parts parts(yaml);
  model::Batch pass;
  pass.decoding = 1;
  pass.width = 3;
  model::StepCost cost = parts.step_time.stages().front().cost(pass);
  cost += parts.step_time.host(pass).cost();
  double decode_s = 0.0;
  for (int i = 1; i < 200; ++i) decode_s += cost.compute_s(100 + i, 0) / 1.75;
  const Table table(run_text(yaml).at("calls.csv"));
  CHECK(std::abs(table.at(0, "last_token_s") - table.at(0, "ttft_s") - decode_s) < 1e-8);
}

}  // namespace
}  // namespace agentsim
