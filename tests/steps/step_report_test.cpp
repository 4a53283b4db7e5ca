#include "analysis/steps/step_report.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/steps/kernel_report.hpp"
#include "tests/base/test_folder.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::steps {
namespace {

using model::gpu;

model::Deployment deploy(const std::string& yaml) {
  model::Deployment d;
  Diagnostics diagnostics;
  model::load_deployment(model::word(yaml), {"least_outstanding"}, {"fcfs"}, d, diagnostics);
  diagnostics.throw_if_any();
  return d;
}

StepRequest decode(int64_t sequences, double context) {
  StepRequest request;
  request.decode = {{sequences, context}};
  return request;
}

TEST_CASE("a large product is bound by compute, a thin one by memory and a tiny one by its launch") {
  const Unbound h100(gpu("h100_sxm"));
  const auto gemm = [&](double m, double n, double k) {
    return bounds(h100, [=](const platform::Accelerator& g) { return model::gemm_s(g, "bf16", m, n, k); });
  };
  CHECK(gemm(8192, 8192, 8192).binds() == "compute");
  CHECK(gemm(8, 8192, 28672).binds() == "memory");
  CHECK(gemm(1, 16, 16).binds() == "launch");
  // 2 n^3 FLOP at no more than 989 TFLOP/s; n k weights of two bytes at no more than 3350 GB/s.
  CHECK(gemm(8192, 8192, 8192).compute_s > 2 * 8192.0 * 8192 * 8192 / 989e12);
  CHECK(gemm(8, 8192, 28672).memory_s > 2.0 * 8192 * 28672 / 3350e9);
}

TEST_CASE("what binds alone is no more than the kernel, and all together no less") {
  const Unbound h100(gpu("h100_sxm"));
  for (const double m : {1.0, 64.0, 300.0, 4096.0}) {
    const Bounds b =
        bounds(h100, [=](const platform::Accelerator& g) { return model::gemm_s(g, "fp8", m, 8192, 8192); });
    CHECK(b.launch_s + std::max(b.compute_s, b.memory_s) <= b.seconds * (1 + 1e-9));
    CHECK(b.launch_s + b.compute_s + b.memory_s >= b.seconds * (1 - 1e-9));
  }
}

TEST_CASE("the parts of a step add up to its time and to their causes") {
  const platform::Cluster cluster = model::cluster("hgx_h100_x1");
  const StepReport r = step_report(
      cluster, deploy("{model: llama_3_3_70b, precision: {weights: fp8}, tp: 4}"), decode(64, 4096));
  CHECK(r.pass_s == doctest::Approx(r.seconds).epsilon(1e-9));
  CHECK(r.compute_s + r.memory_s + r.launch_s + r.host_s + r.collectives_s ==
        doctest::Approx(r.seconds).epsilon(1e-9));
  CHECK(r.tokens == 64);
  CHECK(r.binds == "memory");
  CHECK(r.host_s == doctest::Approx(2e-5 + 64 * 22e-6));
  double collectives = 0.0;
  for (const StepPart& part : r.parts)
    if (part.kind == "collective") collectives += part.count;
  CHECK(collectives == 162);  // two all-reduces in each of 80 layers, one of the embedding, the logits
}

TEST_CASE("attention to long contexts is bound by memory, few KV heads or not") {
  const platform::Cluster cluster = model::cluster("hgx_h100_x1");
  const StepReport r = step_report(
      cluster, deploy("{model: llama_3_3_70b, precision: {weights: fp8}, tp: 8}"), decode(2, 100'000));
  const auto attention = std::find_if(r.parts.begin(), r.parts.end(),
                                      [](const StepPart& part) { return part.name == "decode attention"; });
  REQUIRE(attention != r.parts.end());
  CHECK(attention->total.binds() == "memory");
  CHECK(r.binds == "memory");
}

TEST_CASE("a prompt of thousands of tokens is bound by compute") {
  const platform::Cluster cluster = model::cluster("hgx_h100_x1");
  StepRequest request;
  request.chunks = {{8192, 0}};
  const StepReport r = step_report(cluster, deploy("{model: llama_3_1_8b, tp: 1}"), request);
  CHECK(r.binds == "compute");
  // 2 FLOP a weight and token at no more than the peak.
  CHECK(r.seconds > 2 * 6.98e9 * 8192 / 989e12);
  CHECK(r.seconds < 4 * 2 * 6.98e9 * 8192 / 989e12);
}

TEST_CASE("a report of guesses shows the whole pass and what a token takes of it") {
  const platform::Cluster cluster = model::cluster("hgx_h100_x1");
  const StepReport r = step_report(
      cluster, deploy("{model: deepseek_v2_lite, tp: 1, speculation: {tokens: 1, acceptance: 0.8}}"),
      decode(16, 1000));
  CHECK(r.tokens_per_pass == doctest::Approx(1.8));
  CHECK(r.pass_s == doctest::Approx(1.8 * r.seconds).epsilon(1e-9));
}

TEST_CASE("a report of a pipeline shows the way of one micro-batch") {
  const platform::Cluster cluster = model::cluster("rtx_pro_6000_pcie_x1");
  const StepReport r = step_report(cluster, deploy("{model: llama_3_1_8b, pp: 4}"), decode(64, 1000));
  CHECK(r.micro_batches == 4);
  // Four stages, none idle: a step is as long as four times the slowest stage, which is no shorter than the mean one.
  CHECK(r.seconds >= r.pass_s * (1 - 1e-9));
  CHECK(r.seconds < 1.5 * r.pass_s);
}

TEST_CASE("a layout that does not fit is told before anything is computed") {
  const platform::Cluster cluster = model::cluster("hgx_h100_x1");
  const auto error = [&](const std::string& yaml) {
    return message_of<ConfigError>([&] { step_report(cluster, deploy(yaml), decode(1, 1)); });
  };
  CHECK(error("{model: llama_3_1_8b, tp: 3}").find("tp 3 does not divide the 32 heads") != std::string::npos);
  CHECK(error("{model: llama_3_1_8b, tp: 4, pp: 4}")
            .find("a replica of 16 GPUs does not fit the 8 GPUs of hgx_h100_x1") != std::string::npos);
  CHECK(error("{model: llama_3_1_8b, precision: {activations: nvfp4}}").find("no nvfp4 matrix products") !=
        std::string::npos);
}

TEST_CASE("the JSON of a report has its figures") {
  const platform::Cluster cluster = model::cluster("hgx_h100_x1");
  const StepReport r = step_report(cluster, deploy("{model: gpt_oss_20b, tp: 2}"), decode(8, 500));
  const nlohmann::ordered_json json = to_json(r);
  CHECK(json["step_s"] == r.seconds);
  CHECK(json["parts"].size() == r.parts.size());
  CHECK(json["kv_blocks"] == r.kv.blocks);
  CHECK(text(r).find("windowed decode attention") != std::string::npos);
}

TEST_CASE("the report of a collective splits its time into latency and transfer") {
  const platform::Cluster cluster = model::cluster("hgx_h100_x1");
  const model::CollectiveGroup group(cluster, model::first_gpus(4), model::load_protocols("nvswitch"));
  const CollectiveReport r = collective_report("t", group, model::Collective::all_reduce, 1 << 20);
  CHECK(r.seconds == group.all_reduce(1 << 20).seconds(group.rate()));
  CHECK(r.latency_s + r.transfer_s == doctest::Approx(r.seconds));
  CHECK(r.bytes_per_s == doctest::Approx((1 << 20) / r.seconds));
}

}  // namespace
}  // namespace agentsim::steps
