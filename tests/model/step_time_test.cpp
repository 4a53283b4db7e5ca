#include "sim/model/step_time.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>

#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

// A replica on the first GPUs of a cluster.
struct Replica {
  Replica(const std::string& platform, const Deployment& of)
      : cluster(model::cluster(platform)),
        deployment(of),
        links(cluster, deployment, 0),
        group(links.stage()),
        time(deployment, gpu(), links, cluster.node().host_speed) {}
  const Accelerator& gpu() const { return cluster.node().gpu; }
  // Of a step that ends no prompt; the presets have nothing more for one.
  double host_s(double sequences) const {
    const Engine& engine = deployment.engine;
    REQUIRE(engine.host_overhead_per_prompt_s + engine.host_overhead_per_prompt_token_s == 0.0);
    return engine.host_overhead_s + sequences * engine.host_overhead_per_sequence_s;
  }
  double alone_s(const Batch& batch, double context) const {
    const StepCost cost = time.cost(batch);
    return cost.seconds(links.rates(), context, 0.0);
  }

  platform::Cluster cluster;
  Deployment deployment;
  ReplicaLinks links;
  const CollectiveGroup& group;
  StepTime time;
};

Batch decode(int64_t sequences) {
  Batch batch;
  batch.decoding = sequences;
  return batch;
}

Batch prefill(const std::vector<Chunk>& chunks, int64_t finished) {
  Batch batch;
  batch.chunks = chunks;
  batch.finished_prompts = finished;
  return batch;
}

// What all layers do with so many tokens on one GPU of four: Llama 70B has 64 heads, 8 KV heads, a width of
// 8192 and an inner one of 28672.
double llama_70b_layers_s(const Accelerator& on, double m) {
  const double layer = gemm_s(on, "fp8", m, (16 + 2 * 2) * 128, 8192, true) +  // 16 query and 2 + 2 KV heads
                       gemm_s(on, "fp8", m, 8192, 16 * 128, true) +
                       gemm_s(on, "fp8", m, 2 * 7168, 8192, true) + gemm_s(on, "fp8", m, 8192, 7168, true) +
                       2 * elementwise_s(on, m * 4 * 8192 * 2) +        // norm: two streams in, two out, bf16
                       elementwise_s(on, m * 2 * (16 + 2) * 128 * 2) +  // rotary of queries and keys
                       elementwise_s(on, m * 3 * 7168 * 2);             // gate and up in, product out
  return 80 * layer + elementwise_s(on, m * 2 * 8192 * 2);              // and the embedding
}

// Head in bf16, a quarter of the vocabulary a GPU; logits read in bf16, written in fp32 and passed over
// twice.
double llama_head_s(const Accelerator& on, double rows) {
  return gemm_s(on, "bf16", rows, 128256.0 / 4, 8192) + elementwise_s(on, rows * 128256 * 14);
}

TEST_CASE("the cost of a decode step is the sum of its kernels") {
  const Replica r("hgx_h100_x1", deployment("llama_3_3_70b", "fp8", "fp8", 4));
  const Accelerator& on = r.gpu();
  const StepCost cost = r.time.cost(decode(24));
  const Affine attention = decode_attention_s(served(on), {16, 2, 128, "fp8"}, 24);
  CHECK(cost.compute.fixed_s == doctest::Approx(r.host_s(24) + llama_70b_layers_s(on, 24) +
                                                llama_head_s(on, 24) + 80 * attention.fixed_s)
                                    .epsilon(1e-12));
  CHECK(cost.compute.per_token_s == doctest::Approx(80 * attention.per_token_s).epsilon(1e-12));
  // Two all-reduces a layer and one of the embedding, of 24 x 8192 in bf16, and the gathering of the logits.
  CollectiveCost expected = r.group.all_reduce(24 * 8192 * 2).times(161);
  expected += r.group.all_gather(24.0 * 128256 * 2);
  CHECK(cost.lanes[Lane::tensor].latency_s == doctest::Approx(expected.latency_s).epsilon(1e-12));
  CHECK(cost.lanes[Lane::tensor].burst_bytes == doctest::Approx(expected.burst_bytes).epsilon(1e-12));
  CHECK(cost.lanes[Lane::tensor].wire_bytes == doctest::Approx(expected.wire_bytes).epsilon(1e-12));
}

TEST_CASE("each prompt that a step ends costs the host its share") {
  const auto seconds = [](const char* engine, int64_t finished) {
    const Replica r("hgx_h100_x1", deploy(std::string("{model: llama_3_1_8b, engine: ") + engine + "}"));
    Batch batch;
    batch.chunks = {{100.0, 0.0}, {100.0, 0.0}};
    batch.finished_prompts = finished;
    return r.time.host(batch).compute.fixed_s;
  };
  CHECK(seconds("{host_overhead_per_prompt: 2ms}", 2) - seconds("{host_overhead_per_prompt: 0ms}", 2) ==
        doctest::Approx(4e-3));
  CHECK(seconds("{host_overhead_per_prompt: 2ms}", 0) == seconds("{host_overhead_per_prompt: 0ms}", 0));
}

TEST_CASE("inside a step the streams of few KV heads are those of served runs") {
  // One KV head a GPU and two sequences: bytes of the cache over the stream of one head, not that of the kernel alone.
  const Replica r("hgx_h100_x1", deployment("llama_3_3_70b", "bf16", "bf16", 8));
  const auto& curve = r.gpu().efficiency.decode_attention.at("bf16");
  REQUIRE(curve.served_head_stream_bytes_per_s > curve.head_stream_bytes_per_s);
  const double stream =
      std::min(curve.served_head_stream_bytes_per_s, curve.memory * r.gpu().memory_bytes_per_s);
  CHECK(r.time.cost(decode(2)).compute.per_token_s == doctest::Approx(80 * 512.0 / stream).epsilon(1e-9));
}

TEST_CASE("a decode step is affine in the context and its slope is the cache over the bandwidth") {
  const Replica r("hgx_h100_x1", deployment("llama_3_1_8b", "bf16", "bf16", 1));
  const StepCost cost = r.time.cost(decode(128));
  // 128 KiB a token at 0.891 of 3350 GB/s: 128 sequences and 8 KV heads keep the memory busy.
  CHECK(cost.compute.per_token_s == doctest::Approx(131072.0 / (3.35e12 * 0.891)).epsilon(1e-9));
  const double near = r.alone_s(decode(128), 100'000);
  const double middle = r.alone_s(decode(128), 150'000);
  const double far = r.alone_s(decode(128), 200'000);
  CHECK(far - middle == doctest::Approx(middle - near).epsilon(1e-9));
  CHECK(far - near == doctest::Approx(100'000 * cost.compute.per_token_s).epsilon(1e-9));
}

TEST_CASE("the kept cost of a decode step is its cost") {
  const Replica r("rtx_pro_6000_pcie_x1", deployment("qwen3_32b", "fp8", "bf16", 4));
  for (const int64_t sequences : {256, 1, 17}) {
    const StepCost fresh = r.time.cost(decode(sequences));
    const StepCost& kept = r.time.decode_cost(sequences);
    CHECK(kept.compute.fixed_s == fresh.compute.fixed_s);
    CHECK(kept.compute.per_token_s == fresh.compute.per_token_s);
    CHECK(kept.lanes[Lane::tensor].burst_bytes == fresh.lanes[Lane::tensor].burst_bytes);
  }
  CHECK(r.time.decode_cost(0).compute.fixed_s == 0.0);
}

TEST_CASE("a step that only prefills has no decode attention and a head for finished prompts alone") {
  const Replica r("hgx_h100_x1", deployment("llama_3_3_70b", "fp8", "fp8", 4));
  const Accelerator& on = r.gpu();
  const std::vector<Chunk> chunks{{1000, 0}, {500, 20'000}};
  const double expected =
      r.host_s(2) + llama_70b_layers_s(on, 1500) + 80 * prefill_attention_s(on, {16, 2, 128, "fp8"}, chunks);
  const StepCost none = r.time.cost(prefill(chunks, 0));
  CHECK(none.compute.fixed_s == doctest::Approx(expected).epsilon(1e-12));
  CHECK(none.compute.per_token_s == 0.0);
  CHECK(none.lanes[Lane::tensor].wire_bytes ==
        doctest::Approx(r.group.all_reduce(1500 * 8192 * 2).times(161).wire_bytes));
  const StepCost one = r.time.cost(prefill(chunks, 1));
  CHECK(one.compute.fixed_s == doctest::Approx(expected + llama_head_s(on, 1)).epsilon(1e-12));
}

TEST_CASE("a mixed step runs its decoding sequences in the kernel of the prompts") {
  const Replica r("rtx_pro_6000_pcie_x1", deployment("llama_3_3_70b", "fp8", "fp8", 4));
  const Accelerator& on = r.gpu();
  REQUIRE(on.efficiency.prefill_attention.at("fp8").joins_decode);
  Batch batch = prefill({{1024, 4096}}, 1);
  batch.decoding = 2;
  batch.contexts = {3000, 9000};
  const StepCost cost = r.time.cost(batch);
  const double attention = prefill_attention_s(on, {16, 2, 128, "fp8"}, {{1024, 4096}, {1, 3000}, {1, 9000}});
  CHECK(cost.compute.fixed_s ==
        doctest::Approx(r.host_s(3) + llama_70b_layers_s(on, 1026) + llama_head_s(on, 3) + 80 * attention)
            .epsilon(1e-12));
  CHECK(cost.compute.per_token_s == 0.0);
}

TEST_CASE("a mixed step of an engine with two kernels adds the decode attention") {
  platform::Cluster cluster = model::cluster("hgx_h100_x1");
  const Deployment d = deployment("llama_3_1_8b", "bf16", "bf16", 1);
  Accelerator on = cluster.node().gpu;
  on.efficiency.prefill_attention.at("bf16").joins_decode = false;
  const ReplicaLinks links(cluster, d, 0);
  const StepTime time(d, on, links);
  Batch batch = prefill({{512, 0}}, 1);
  const double without = time.cost(prefill({{512, 0}}, 1)).compute.fixed_s;
  batch.decoding = 4;
  batch.contexts = {100, 200, 300, 400};
  const StepCost cost = time.cost(batch);
  const Affine attention = decode_attention_s(on, {32, 8, 128, "bf16"}, 4);
  CHECK(cost.compute.per_token_s == doctest::Approx(32 * attention.per_token_s).epsilon(1e-12));
  CHECK(cost.compute.fixed_s > without + 32 * attention.fixed_s);
}

TEST_CASE("a replica of one GPU has no collectives") {
  const Replica r("rtx_pro_6000_pcie_x1", deployment("llama_3_1_8b", "bf16", "bf16", 1));
  Batch mixed = prefill({{300, 0}}, 1);
  mixed.decoding = 1;
  mixed.contexts = {50};
  for (const Batch& batch : {decode(64), prefill({{8192, 0}}, 1), mixed}) {
    const StepCost cost = r.time.cost(batch);
    CHECK(cost.lanes[Lane::tensor].latency_s == 0.0);
    CHECK(cost.lanes[Lane::tensor].burst_bytes == 0.0);
    CHECK(cost.lanes[Lane::tensor].wire_bytes == 0.0);
    CHECK(cost.compute.fixed_s > 1e-3);
  }
}

TEST_CASE("queries and keys that are normalised cost an elementwise kernel a layer") {
  Deployment d = deployment("qwen3_32b", "bf16", "bf16", 2);
  REQUIRE(d.llm.qk_norm);
  const double with = Replica("hgx_h100_x1", d).time.cost(decode(8)).compute.fixed_s;
  d.llm.qk_norm = false;
  const Replica r("hgx_h100_x1", d);
  // 64 layers; 32 query and 4 KV heads a GPU, read and written in bf16.
  const double norm = 64 * elementwise_s(r.gpu(), 8.0 * 2 * (32 + 4) * 128 * 2);
  CHECK(with - r.time.cost(decode(8)).compute.fixed_s == doctest::Approx(norm).epsilon(1e-9));
}

TEST_CASE("more tokens in a step never take less time") {
  for (const char* platform : {"hgx_h100_x1", "rtx_pro_6000_pcie_x1"}) {
    for (const int64_t tp : {1, 4}) {
      const Replica r(platform, deployment("llama_3_1_8b", "bf16", "bf16", tp));
      double before = 0.0;
      for (double tokens = 1; tokens <= 8192; tokens = std::ceil(tokens * 1.15)) {
        const double t = r.time.cost(prefill({{tokens, 1000}}, 1)).compute.fixed_s;
        CAPTURE(tokens);
        CHECK(t > before);
        before = t;
      }
      before = 0.0;
      for (int64_t sequences = 1; sequences <= 256; ++sequences) {
        const Affine t = r.time.decode_cost(sequences).compute;
        const double of_2000_each = t.fixed_s + t.per_token_s * 2000.0 * static_cast<double>(sequences);
        CAPTURE(sequences);
        CHECK(of_2000_each > before);
        before = of_2000_each;
      }
    }
  }
}

TEST_CASE("the work of a step counts two FLOP a weight and token and four a pair and head and width") {
  const Replica r("hgx_h100_x1", deployment("llama_3_3_70b", "fp8", "fp8", 4));
  const double matrices = 68'451'041'280.0;
  Work work;
  work.prefill_tokens = 100;
  CHECK(r.time.flop(work) == doctest::Approx(2 * matrices * 100));
  work = {};
  work.decode_tokens = 3;
  CHECK(r.time.flop(work) == doctest::Approx(2 * matrices * 3));
  work = {};
  work.sampled = 5;
  CHECK(r.time.flop(work) == doctest::Approx(2.0 * 5 * 128256 * 8192));
  work = {};
  work.doubled_pairs = 2 * 1000;  // 1000 query-key pairs: 64 heads x 128 x 80 layers, scores and values
  CHECK(r.time.flop(work) == doctest::Approx(1000.0 * 4 * 64 * 128 * 80));
}

TEST_CASE("the memory traffic of a step is its weights once and the cache that it reads") {
  const Replica r("hgx_h100_x1", deployment("llama_3_3_70b", "fp8", "fp8", 4));
  Work work;
  work.steps = 2;
  CHECK(r.time.memory_bytes(work) == doctest::Approx(2 * (68'451'041'280.0 + 2.0 * 128256 * 8192)));
  work = {};
  work.cache_tokens_read = 10;
  CHECK(r.time.memory_bytes(work) == doctest::Approx(10 * 160.0 * 1024));
}

TEST_CASE("steps read the experts that their tokens touch") {
  // Mixtral: 8 experts, 2 a token. One step with a prompt reads all of them, 99 of one token a quarter.
  const Replica r("hgx_h100_x1", deployment("mixtral_8x7b", "bf16", "bf16", 2));
  const LLM& llm = r.deployment.llm;
  Work work;
  work.steps = 100;
  work.prompt_steps = 1;
  work.prefill_tokens = 5000;
  work.decode_tokens = 100;
  const double rest = llm.matrix_parameters() - llm.expert_parameters() + 32000.0 * 4096;
  CHECK(r.time.memory_bytes(work) ==
        doctest::Approx(2 * (100 * rest + llm.expert_parameters() * (1 + 99 * 0.25))).epsilon(1e-9));
}

TEST_CASE("work adds up field by field") {
  Work sum{1, 2, 3, 4, 5, 6, 7, 8, 9};
  sum += Work{10, 20, 30, 40, 50, 60, 70, 80, 90};
  CHECK(sum.steps == 11);
  CHECK(sum.prefill_tokens == 22);
  CHECK(sum.decode_tokens == 33);
  CHECK(sum.sampled == 44);
  CHECK(sum.doubled_pairs == 55);
  CHECK(sum.cache_tokens_read == 66);
  CHECK(sum.doubled_window_pairs == 77);
  CHECK(sum.window_tokens_read == 88);
  CHECK(sum.prompt_steps == 99);
}

Deployment eager(const std::string& engine) {
  return deploy(
      "{model: llama_3_3_70b, precision: {weights: fp8, kv: fp8}, tp: 4, engine: {preset: vllm_v1, "
      "host_overhead: 2ms, host_overhead_per_sequence: 100us, " +
      engine + "}}");
}

TEST_CASE("a step launched kernel by kernel takes host and launches, or host and GPU if that is longer") {
  // Given 80 layers of 250 us, then a decode step of three sequences takes 2.3 ms of the host and 20 ms of launches; a
  // prompt of 8000 tokens keeps the GPU busy for longer, and takes what it takes without.
  const Replica recorded("hgx_h100_x1", eager("launch_per_layer: 0us"));
  const Replica launched("hgx_h100_x1", eager("launch_per_layer: 250us"));
  CHECK(recorded.alone_s(decode(3), 3000) < 0.02);
  CHECK(launched.alone_s(decode(3), 3000) == doctest::Approx(0.0223));
  CHECK(launched.time.launch_s(decode(3)) == doctest::Approx(0.02));
  const Batch prompt = prefill({{8000, 0}}, 1);
  CHECK(launched.alone_s(prompt, 0) > 0.03);
  CHECK(launched.alone_s(prompt, 0) == recorded.alone_s(prompt, 0));
  // With contexts that grow the step is the launches until the GPU takes longer, then the GPU.
  const double slope = recorded.alone_s(decode(3), 1e6 + 1.0) - recorded.alone_s(decode(3), 1e6);
  const double meets = (0.0223 - recorded.alone_s(decode(3), 0)) / slope;
  CHECK(launched.alone_s(decode(3), 0.99 * meets) == doctest::Approx(0.0223));
  CHECK(launched.alone_s(decode(3), 1.5 * meets) == doctest::Approx(0.0223 + 0.5 * meets * slope));
}

TEST_CASE("without joint attention prompts and decoding calls have a kernel each") {
  // Given a GPU whose curve joins them, then a mixed step has both kernels of the steps that have only one, at their contexts.
  const Replica joint("hgx_h100_x1", eager("joint_attention: on"));
  const Replica apart("hgx_h100_x1", eager("joint_attention: off"));
  Batch mixed = prefill({{500, 0}}, 1);
  mixed.decoding = 2;
  mixed.contexts = {100, 100};
  const auto attention_s = [](const Replica& replica, const Batch& batch, double context) {
    double sum = 0.0;
    replica.time.each_op(batch, [&](const Op& op) {
      if (op.name == "attention" || op.name == "decode attention")
        sum += op.count * (op.compute.fixed_s + op.compute.per_token_s * context);
    });
    return sum;
  };
  CHECK(attention_s(apart, mixed, 202) ==
        doctest::Approx(attention_s(joint, prefill({{500, 0}}, 1), 0) + attention_s(joint, decode(2), 202)));
  CHECK(attention_s(apart, mixed, 202) != doctest::Approx(attention_s(joint, mixed, 202)));
}

TEST_CASE("recorded graphs hide the launches of the steps that they replay") {
  // Given graphs of up to four sequences, then these are replayed and five are not, nor is anything with a prompt.
  const Replica without("hgx_h100_x1", eager("launch_per_layer: 0us, graph_sizes: [1, 2, 4]"));
  const Replica with("hgx_h100_x1", eager("launch_per_layer: 250us, graph_sizes: [1, 2, 4]"));
  CHECK(with.alone_s(decode(3), 3000) == without.alone_s(decode(3), 3000));
  CHECK(with.alone_s(decode(5), 3000) == doctest::Approx(0.0025 + 0.02));
  Batch mixed = prefill({{64, 0}}, 1);
  mixed.decoding = 2;
  mixed.contexts = {100, 100};
  CHECK(with.alone_s(mixed, 202) == doctest::Approx(0.0023 + 0.02));
}

TEST_CASE("stages and micro-batches launch their own layers") {
  // Given two stages of 40 layers, then two micro-batches of two sequences keep the first for twice 2.2 ms of the host and 10
  // ms of launches, and a sequence alone passes both in 2.1 ms and twice 10 ms.
  Deployment d = eager("launch_per_layer: 250us");
  d.pp = 2;
  const Replica replica("hgx_h100_x1", d);
  CHECK(replica.alone_s(decode(4), 2000) == doctest::Approx(2 * (0.0022 + 0.01)));
  CHECK(replica.alone_s(decode(1), 2000) == doctest::Approx(0.0021 + 2 * 0.01));
}

TEST_CASE("a slower host takes longer for what it does, not for what the GPU does") {
  const Deployment d = eager("launch_per_layer: 250us");
  const Replica usual("hgx_h100_x1", d);
  const StepTime slow(d, usual.gpu(), usual.links, 0.5);
  const Batch prompt = prefill({{8000, 0}}, 1);
  const auto alone_s = [&](const Batch& batch) {
    return slow.cost(batch).seconds(usual.links.rates(), 3000, 0.0);
  };
  CHECK(alone_s(decode(3)) == doctest::Approx(2 * 0.0223));
  CHECK(alone_s(prompt) - usual.alone_s(prompt, 3000) == doctest::Approx(0.0021));
}

}  // namespace
}  // namespace agentsim::model
