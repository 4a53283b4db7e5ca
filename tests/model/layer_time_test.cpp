#include "sim/model/layer_time.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "sim/config/library.hpp"
#include "sim/model/step_time.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

// A replica of one or more GPUs of an HGX H100, and what its steps take without host and collectives.
struct Bench {
  explicit Bench(Deployment of)
      : platform(cluster("hgx_h100_x1")),
        deployment(std::move(of)),
        links(platform, deployment, 0),
        time(deployment, gpu(), links) {}
  const Accelerator& gpu() const { return platform.node().gpu; }
  std::map<std::string, double> kernels(const Batch& batch) const {
    std::map<std::string, double> sum;
    time.each_op(batch, [&](const Op& op) { sum[op.name] += op.count * op.compute.fixed_s; });
    return sum;
  }

  platform::Cluster platform;
  Deployment deployment;
  ReplicaLinks links;
  StepTime time;
};

Deployment published(const std::string& model, int64_t tp) {
  Deployment d;
  Diagnostics diagnostics;
  load_deployment(word("{model: " + model + ", tp: " + std::to_string(tp) + "}"), {"least_outstanding"},
                  {"fcfs"}, d, diagnostics);
  diagnostics.throw_if_any();
  return d;
}

Batch decode(int64_t sequences) {
  Batch batch;
  batch.decoding = sequences;
  return batch;
}

Batch prefill(double tokens, double cached) {
  Batch batch;
  batch.chunks = {{tokens, cached}};
  batch.finished_prompts = 1;
  return batch;
}

TEST_CASE("experts cost what the expected number of touched ones costs") {
  // Given Mixtral 8x7B on two GPUs, then each layer has 8 experts of 14336 / 2, of which a token visits 2; 24 tokens
  // touch 8 (1 - (3/4)^24) of them.
  const Bench b(deployment("mixtral_8x7b", "bf16", "bf16", 2));
  MoEShape shape;
  shape.hidden = 4096;
  shape.inter = 7168;
  shape.experts = 8;
  shape.topk = 2;
  shape.touched = 8 * (1 - std::pow(0.75, 24));
  const auto kernels = b.kernels(decode(24));
  CHECK(kernels.at("experts") == doctest::Approx(32 * moe_s(b.gpu(), shape, 24)).epsilon(1e-9));
  CHECK(kernels.at("router") == doctest::Approx(32 * (gemm_s(b.gpu(), "bf16", 24, 8, 4096, true) +
                                                      elementwise_s(b.gpu(), 24 * 8 * 2))));
  CHECK(kernels.count("gate and up") == 0);
}

TEST_CASE("one token reads its own experts and a thousand read all") {
  // Qwen3 30B in bf16: a token visits 8 of 128 experts of 3 x 2048 x 768 weights in 48 layers, so the difference is the
  // reading of 120 of them at least.
  const Bench b(deployment("qwen3_30b_a3b", "bf16", "bf16", 1));
  const double one = b.kernels(decode(1)).at("experts");
  const double many = b.kernels(decode(1000)).at("experts");
  const double expert_bytes = 3.0 * 2048 * 768 * 2;
  CHECK(one > 48 * 8 * expert_bytes / b.gpu().memory_bytes_per_s);
  CHECK(many - one > 0.9 * 48 * 120 * expert_bytes / b.gpu().memory_bytes_per_s);
}

TEST_CASE("latent attention reads one vector of each token whatever the GPUs") {
  // DeepSeek V2 Lite: 512 + 64 elements in bf16 in each of 27 layers. 16 heads on one GPU or 8 on two: reading is what
  // a key costs on an H100, 1152 B at the bandwidth against 2 x 16 x 1088 FLOP at the peak.
  const Bench one(deployment("deepseek_v2_lite", "bf16", "bf16", 1));
  const Bench two(deployment("deepseek_v2_lite", "bf16", "bf16", 2));
  const double bandwidth =
      one.gpu().memory_bytes_per_s * one.gpu().efficiency.decode_attention.at("bf16").memory;
  const double expected = 27 * (512 + 64) * 2 / bandwidth;
  CHECK(one.time.cost(decode(32)).compute.per_token_s == doctest::Approx(expected).epsilon(1e-9));
  CHECK(two.time.cost(decode(32)).compute.per_token_s == doctest::Approx(expected).epsilon(1e-9));
}

TEST_CASE("a prompt over a cached prefix projects the latent vectors of the prefix up again") {
  // 27 layers, 16 heads of 128 + 128 out of 512.
  const Bench b(deployment("deepseek_v2_lite", "bf16", "bf16", 1));
  const auto fresh = b.kernels(prefill(500, 0));
  const auto over = b.kernels(prefill(500, 6000));
  CHECK(fresh.count("up-projections of the cache") == 0);
  CHECK(over.at("up-projections of the cache") ==
        doctest::Approx(27 * gemm_s(b.gpu(), "bf16", 6000, 16 * 256, 512, true)));
  CHECK(over.at("up-projections") == doctest::Approx(27 * gemm_s(b.gpu(), "bf16", 500, 16 * 256, 512, true)));
  CHECK(over.at("attention") > fresh.at("attention"));
}

TEST_CASE("windowed layers cost by the context within the window, the others by all of it") {
  // gpt-oss 20B: 12 layers of each kind, 8 KV heads of 64 in bf16.
  const Bench b(published("gpt_oss_20b", 1));
  const StepCost cost = b.time.cost(decode(16));
  const Affine kernel = decode_attention_s(b.gpu(), {64, 8, 64, "bf16"}, 16);
  CHECK(cost.compute.per_token_s == doctest::Approx(12 * kernel.per_token_s).epsilon(1e-12));
  CHECK(cost.per_window_token_s == doctest::Approx(12 * kernel.per_token_s).epsilon(1e-12));
  // A long prompt's windowed layers cost less than its full ones.
  const auto kernels = b.kernels(prefill(4000, 20'000));
  CHECK(kernels.at("windowed attention") < 0.25 * kernels.at("attention"));
}

TEST_CASE("weights of four bits are read as such and multiplied in bf16 by a GPU without such products") {
  Deployment d = deployment("llama_3_1_8b", "int4", "bf16", 1);
  const Bench b(d);
  const double bytes = 0.5 + 2.5 / 128;
  const auto kernels = b.kernels(decode(8));
  CHECK(kernels.at("down") == doctest::Approx(32 * gemm_s(b.gpu(), "bf16", 8, 4096, 14336, true, bytes)));
  CHECK(kernels.at("head") == doctest::Approx(gemm_s(b.gpu(), "bf16", 8, 128256, 4096)));
}

TEST_CASE("only the experts of gpt-oss are of four bits") {
  const Bench b(published("gpt_oss_20b", 1));
  const auto kernels = b.kernels(decode(8));
  CHECK(kernels.at("qkv") == doctest::Approx(24 * gemm_s(b.gpu(), "bf16", 8, (64 + 16) * 64, 2880, true)));
  MoEShape shape{2880, 2880,   32,      4,    32 * (1 - std::pow(0.875, 8)),
                 1.0,  "bf16", "mxfp4", true, 0.5 + 1.0 / 32};
  CHECK(kernels.at("experts") == doctest::Approx(24 * moe_s(b.gpu(), shape, 8)));
}

TEST_CASE("the parts of a step add up to it") {
  for (const char* model :
       {"llama_3_1_8b", "deepseek_v2_lite", "gpt_oss_20b", "gemma_2_9b", "qwen2_57b_a14b"}) {
    CAPTURE(model);
    const Bench b(published(model, 2));
    Batch mixed = prefill(700, 300);
    mixed.decoding = 3;
    mixed.contexts = {10, 2000, 9000};
    for (const Batch& batch : {decode(7), prefill(2000, 100), mixed}) {
      StepCost sum;
      b.time.each_op(batch, [&](const Op& op) { sum += op.cost(); });
      const StepCost cost = b.time.cost(batch);
      CHECK(sum.compute.fixed_s == doctest::Approx(cost.compute.fixed_s).epsilon(1e-12));
      CHECK(sum.compute.per_token_s == doctest::Approx(cost.compute.per_token_s).epsilon(1e-12));
      CHECK(sum.per_window_token_s == doctest::Approx(cost.per_window_token_s).epsilon(1e-12));
      CHECK(sum.lanes[Lane::tensor].latency_s ==
            doctest::Approx(cost.lanes[Lane::tensor].latency_s).epsilon(1e-12));
      CHECK(sum.lanes[Lane::tensor].burst_bytes ==
            doctest::Approx(cost.lanes[Lane::tensor].burst_bytes).epsilon(1e-12));
    }
  }
}

TEST_CASE("linear attention reads and writes states of the sequences whatever their contexts") {
  // Qwen3-Next: 36 of 48 layers with 32 value heads of 128 x 128 in fp32 and 3 inputs of 2 x 16 x 128 + 32 x 128.
  const Bench b(deployment("qwen3_next_80b_a3b", "bf16", "bf16", 4));
  const double state = (4.0 * 32 * 128 * 128 + 2.0 * 3 * (2 * 16 * 128 + 32 * 128)) / 4;
  CHECK(state_bytes(b.deployment.llm, 4) == state);
  const auto kernels = b.kernels(decode(40));
  CHECK(kernels.at("linear attention") == doctest::Approx(36 * elementwise_s(b.gpu(), 2 * 40 * state)));
  // The other 12 layers have 2 KV heads of 256, of which each of four GPUs has one.
  CHECK(b.time.cost(decode(40)).compute.per_token_s ==
        doctest::Approx(12 * decode_attention_s(served(b.gpu()), {4, 1, 256, "bf16"}, 40).per_token_s)
            .epsilon(1e-9));
  // A prompt's linear layers cost the same whatever is cached, and in proportion to its length if it is long.
  CHECK(b.kernels(prefill(2000, 0)).at("linear attention") ==
        b.kernels(prefill(2000, 50'000)).at("linear attention"));
  const auto linear_s = [&](double tokens) { return b.kernels(prefill(tokens, 0)).at("linear attention"); };
  CHECK(linear_s(60'000) - linear_s(40'000) ==
        doctest::Approx(linear_s(40'000) - linear_s(20'000)).epsilon(1e-6));
}

TEST_CASE("every shipped model has a step time that reads its active weights at least") {
  const Accelerator h100 = gpu("h100_sxm");
  for (const std::string& name : config::Library::names("scenarios/models")) {
    CAPTURE(name);
    const Deployment d = published(name, 1);
    const Bench b(d);
    const double least = d.llm.active_matrix_parameters() * 0.5 / h100.memory_bytes_per_s;
    const StepCost one = b.time.cost(decode(1));
    CHECK(one.compute_s(1000, 1000) > least);
    CHECK(one.compute_s(1000, 1000) < 1.0);
    CHECK(b.time.cost(prefill(4096, 0)).compute.fixed_s > one.compute.fixed_s);
  }
}

}  // namespace
}  // namespace agentsim::model
