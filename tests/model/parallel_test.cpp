#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/model/step_time.hpp"
#include "tests/model/shipped.hpp"

// Pipeline, expert and attention parallelism, speculation and quantised sums against closed forms.
namespace agentsim::model {
namespace {

struct Bench {
  Bench(const std::string& cluster_name, const std::string& yaml)
      : platform(cluster(cluster_name)),
        deployment(deploy(yaml)),
        links(platform, deployment, 0),
        time(deployment, gpu(), links) {}
  Bench(const Bench&) = delete;
  const Accelerator& gpu() const { return platform.node().gpu; }
  double seconds(const StepCost& cost, double context) const {
    return cost.compute_s(context, 0.0) + cost.lanes.seconds(links.rates());
  }
  // Of one step that only decodes.
  double decode_s(int64_t sequences, double context_each) const {
    Batch batch;
    batch.decoding = sequences;
    return seconds(time.cost(batch), static_cast<double>(sequences) * context_each);
  }
  double prompt_s(double tokens) const {
    Batch batch;
    batch.chunks = {{tokens, 0.0}};
    batch.finished_prompts = 1;
    return seconds(time.cost(batch), 0.0);
  }
  std::map<std::string, double> counts(const Batch& batch) const {
    std::map<std::string, double> sum;
    time.each_op(batch, [&](const Op& op) { sum[op.name] += op.count; });
    return sum;
  }

  static Deployment deploy(const std::string& yaml) {
    Deployment d;
    Diagnostics diagnostics;
    load_deployment(word(yaml), {"least_outstanding"}, {"fcfs"}, d, diagnostics);
    diagnostics.throw_if_any();
    return d;
  }

  platform::Cluster platform;
  Deployment deployment;
  ReplicaLinks links;
  StepTime time;
};

// No host overhead and no recorded sizes, so that stages are alike but for embedding and head.
const char* const kBare = "engine: {host_overhead: 0s, token_budget: 8192}";

std::string llama(const std::string& more) {
  return std::string("{model: llama_3_3_70b, precision: {weights: fp8, kv: fp8}, ") + kBare + ", " + more +
         "}";
}

// Seconds of a message from each GPU of a stage to the next.
double message_s(const Bench& b, double bytes) {
  return b.links.send(bytes).seconds(b.links.rates()[Lane::pipeline]);
}

TEST_CASE("one sequence passes the stages one after the other") {
  // Given Llama 70B on one GPU or on four stages, then a step of one sequence lasts as long, but for three messages of
  // 2 x 8192 activations in bf16.
  const Bench whole("rtx_pro_6000_pcie_x1", llama("tp: 1"));
  const Bench staged("rtx_pro_6000_pcie_x1", llama("tp: 1, pp: 4"));
  const double messages = 3 * message_s(staged, 2 * 8192 * 2.0);
  CHECK(staged.decode_s(1, 3000) == doctest::Approx(whole.decode_s(1, 3000) + messages).epsilon(1e-9));
  const double prompt_messages = 3 * message_s(staged, 2000 * 2 * 8192 * 2.0);
  CHECK(staged.prompt_s(2000) == doctest::Approx(whole.prompt_s(2000) + prompt_messages).epsilon(1e-9));
}

TEST_CASE("four micro-batches keep four stages busy, and the slowest stage gives the pace") {
  // 64 sequences make 4 micro-batches of 16. The last stage has the head and sends nothing, the others send.
  const Bench b("rtx_pro_6000_pcie_x1", llama("tp: 1, pp: 4"));
  Batch part;
  part.decoding = 16;
  double slowest = 0.0;
  for (const StageTime& stage : b.time.stages())
    slowest = std::max(slowest, b.seconds(stage.cost(part), 16 * 3000.0));
  CHECK(b.decode_s(64, 3000) == doctest::Approx(4 * slowest).epsilon(1e-6));
}

TEST_CASE("a stage that waits for the only micro-batch is a bubble of three quarters") {
  // With one micro-batch of all 64 sequences each stage works a quarter of the time: the step is the sum of the stages.
  const Bench b("rtx_pro_6000_pcie_x1", llama("tp: 1, pp: 4, micro_batches: 1"));
  Batch all;
  all.decoding = 64;
  double sum = 0.0;
  for (const StageTime& stage : b.time.stages()) sum += b.seconds(stage.cost(all), 64 * 3000.0);
  CHECK(b.decode_s(64, 3000) == doctest::Approx(sum).epsilon(1e-9));
}

TEST_CASE("a step of a pipeline stays affine in the context") {
  const Bench b("rtx_pro_6000_pcie_x1", llama("tp: 2, pp: 3"));
  for (const int64_t sequences : {1, 2, 5, 64}) {
    const double near = b.decode_s(sequences, 1000), middle = b.decode_s(sequences, 2000),
                 far = b.decode_s(sequences, 3000);
    CHECK(far - middle == doctest::Approx(middle - near).epsilon(1e-9));
    CHECK(middle > near);
  }
}

TEST_CASE("four stages move fewer bytes than four shares of every layer") {
  // TP4: 161 ring all-reduces of 64 x 8192 in bf16, each 2 x 3/4 of it a crossing; and the logits. PP4: each message is
  // 2 x 8192 in bf16 for each of 64 sequences.
  const Bench tensor("rtx_pro_6000_pcie_x1", llama("tp: 4"));
  const Bench pipeline("rtx_pro_6000_pcie_x1", llama("tp: 1, pp: 4"));
  Batch batch;
  batch.decoding = 64;
  const double sums = 161 * 1.5 * 64 * 8192 * 2.0;
  CHECK(tensor.time.cost(batch).lanes[Lane::tensor].wire_bytes >= sums);
  CHECK(pipeline.time.cost(batch).lanes[Lane::pipeline].wire_bytes == doctest::Approx(64 * 2 * 8192 * 2.0));
  CHECK(pipeline.time.cost(batch).lanes[Lane::tensor].wire_bytes == 0.0);
  CHECK(tensor.time.cost(batch).lanes[Lane::pipeline].wire_bytes == 0.0);
}

TEST_CASE("on PCIe shares of a layer suit one sequence and stages suit many long prompts") {
  // One sequence reads a quarter of 68 GB of weights a step, or all of them one stage after the other. Four prompts of 2048
  // tokens make 161 sums of 134 MB, or three messages of 67 MB on their way while the next ones are computed.
  const Bench tensor("rtx_pro_6000_pcie_x1", llama("tp: 4"));
  const Bench pipeline("rtx_pro_6000_pcie_x1", llama("tp: 1, pp: 4"));
  CHECK(pipeline.decode_s(1, 4096) > 2 * tensor.decode_s(1, 4096));
  Batch prompts;
  prompts.chunks.assign(4, {2048, 0});
  const double tensor_s = tensor.seconds(tensor.time.cost(prompts), 0.0);
  const double pipeline_s = pipeline.seconds(pipeline.time.cost(prompts), 0.0);
  CHECK(pipeline_s < 0.6 * tensor_s);
  // The sums alone, 2 x 3/4 of their bytes over a cable of 54 GB/s, are longer than the pipeline's step.
  CHECK(161 * 1.5 * 4 * 2048 * 8192 * 2.0 / 54.2e9 > pipeline_s);
}

// DeepSeek V2 Lite: 27 layers, the first dense; 64 experts of which a token visits 6; width 2048.
std::string lite(const std::string& more) {
  return std::string("{model: deepseek_v2_lite, precision: {weights: bf16}, ") + kBare + ", " + more + "}";
}

TEST_CASE("tokens travel to the distinct GPUs of their experts and back") {
  // 64 sequences on 8 GPUs: 8 tokens each, which reach 8 (1 - (7/8)^6) of the 8 GPUs; 4096 B a token, of which a flow
  // takes 1/8. There and back in each of 26 layers.
  const Bench b("hgx_h100_x1", lite("tp: 8, ep: 8, dp_attention: 8"));
  Batch batch;
  batch.decoding = 64;
  const double held = 8 * 8 * (1 - std::pow(7.0 / 8.0, 6)) * 4096;
  CHECK(b.time.cost(batch).lanes[Lane::expert].wire_bytes ==
        doctest::Approx(26 * 2 * held / 8).epsilon(1e-9));
  CHECK(b.links.crossings(Lane::attention).empty());
  // Each GPU sends 7 flows into its cable.
  for (const auto& [link, count] : b.links.crossings(Lane::expert)) CHECK(count == 7);
  CHECK(b.links.rates()[Lane::expert] == doctest::Approx(b.links.stage().exchange_rate()).epsilon(1e-9));
}

TEST_CASE("a prompt of one group moves its own bytes and waits for its own cable") {
  // One prompt of 800 tokens lies on one of 8 GPUs: on average a GPU holds 100. NVSwitch shares no link, so the exchange
  // lasts as long as if every GPU held 800.
  const Bench b("hgx_h100_x1", lite("tp: 8, ep: 8, dp_attention: 8"));
  Batch prompt, prompts;
  prompt.chunks = {{800, 0}};
  prompts.chunks.assign(8, {800, 0});
  const CollectiveCost one = b.time.cost(prompt).lanes[Lane::expert],
                       all = b.time.cost(prompts).lanes[Lane::expert];
  CHECK(all.wire_bytes == doctest::Approx(8 * one.wire_bytes).epsilon(1e-9));
  const double copies = 8 * (1 - std::pow(7.0 / 8.0, 6));
  const CollectiveCost expected = b.links.all_to_all(100 * copies * 4096, 800 * copies * 4096);
  CHECK(one.burst_bytes == doctest::Approx(26 * 2 * expected.burst_bytes).epsilon(1e-9));
  CHECK(expected.burst_bytes ==
        doctest::Approx(8 * b.links.all_to_all(100 * copies * 4096, 100 * copies * 4096).burst_bytes));
}

TEST_CASE("a group of attention has its share of the sequences and the busiest one counts") {
  // 9 sequences on 8 groups: one has two, and its kernel and projections are those of two tokens.
  const Bench b("hgx_h100_x1", lite("tp: 8, ep: 8, dp_attention: 8"));
  Batch batch;
  batch.decoding = 9;
  double projections = 0.0;
  b.time.each_op(batch, [&](const Op& op) {
    if (op.name == "queries") projections += op.count * op.compute.fixed_s;
  });
  // All 16 heads of 192 on one GPU.
  CHECK(projections == doctest::Approx(27 * gemm_s(b.gpu(), "bf16", 2, 16 * 192, 2048, true)).epsilon(1e-9));
  Batch two;
  two.decoding = 2;
  CHECK(
      b.time.cost(batch).compute.per_token_s * 9 ==
      doctest::Approx(27 * latent_decode_s(b.gpu(), {16, 512, 64, "bf16"}, 2).per_token_s * 2).epsilon(1e-9));
}

// Seconds that the experts of DeepSeek-V2-Lite take in a step of 96 decoding sequences, 8 of 64 on each GPU, and its
// 26 layers of them at width 1408, of which a token reaches 6/8 of a visit on each GPU.
double experts_s(const Bench& b) {
  Batch batch;
  batch.decoding = 96;
  double experts = 0.0;
  b.time.each_op(batch, [&](const Op& op) {
    if (op.name == "experts") experts = op.count * op.compute.fixed_s;
  });
  return experts;
}
double eight_of_64_s(const Bench& b, double visits) {
  MoEShape shape;
  shape.hidden = 2048;
  shape.inter = 1408;
  shape.experts = 8;
  shape.topk = 0.75;
  shape.visits = visits;
  shape.touched = 8 * (1 - std::pow(1 - 6.0 / 64, 96));
  return 26 * moe_s(b.gpu(), shape, 96);
}

TEST_CASE("experts that are shared out have whole widths and a share of the visits") {
  const Bench b("hgx_h100_x1", lite("tp: 8, ep: 8, dp_attention: 8"));
  CHECK(experts_s(b) == doctest::Approx(eight_of_64_s(b, 0)).epsilon(1e-9));
}

TEST_CASE("GPUs that share out experts but have all tokens sort the visits to all experts") {
  // A token visits 6 of all.
  const Bench b("hgx_h100_x1", lite("tp: 8, ep: 8"));
  CHECK(experts_s(b) == doctest::Approx(eight_of_64_s(b, 6)).epsilon(1e-9));
}

TEST_CASE("without shared-out experts data-parallel attention gathers and scatters all tokens") {
  const Bench b("hgx_h100_x1", lite("tp: 4, dp_attention: 4"));
  Batch batch;
  batch.decoding = 32;
  const auto counts = b.counts(batch);
  CHECK(counts.count("all-reduce") == 0);
  CHECK(counts.at("reduce-scatter") == 27);
  CHECK(counts.at("all-gather") == 27 + 2);  // of each layer; of the rows of the head and of the logits
  CHECK(counts.count("to the experts") == 0);
}

TEST_CASE("a load that is skewed makes the experts slower and nothing else") {
  Batch batch;
  batch.chunks = {{4096, 0}};
  const auto experts_s = [&](const std::string& skew) {
    const Bench b("hgx_h100_x1", lite("tp: 1, expert_skew: " + skew));
    return b.seconds(b.time.cost(batch), 0.0);
  };
  CHECK(experts_s("1") < experts_s("2"));
  const Bench dense("hgx_h100_x1", llama("tp: 4, expert_skew: 3"));
  CHECK(dense.prompt_s(500) == Bench("hgx_h100_x1", llama("tp: 4")).prompt_s(500));
}

TEST_CASE("sums in eight bits travel half as far and pay for their conversion") {
  // 2000 tokens of 8192: one byte and 4/128 of a scale instead of two; two kernels that read or write 2 + 1 bytes.
  const Bench plain("rtx_pro_6000_pcie_x1", llama("tp: 4"));
  const Bench quantised("rtx_pro_6000_pcie_x1", llama("tp: 4, all_reduce: fp8"));
  Batch batch;
  batch.chunks = {{2000, 0}};
  CollectiveCost expected = plain.links.stage().all_reduce(2000 * 8192 * (1 + 4.0 / 128)).times(161);
  const StepCost cost = quantised.time.cost(batch);
  CHECK(cost.lanes[Lane::tensor].wire_bytes == doctest::Approx(expected.wire_bytes).epsilon(1e-9));
  CHECK(cost.lanes[Lane::tensor].latency_s == doctest::Approx(expected.latency_s).epsilon(1e-9));
  const double conversion = 161 * 2 * elementwise_s(plain.gpu(), 2000 * 8192 * 3.0);
  CHECK(cost.compute.fixed_s - plain.time.cost(batch).compute.fixed_s ==
        doctest::Approx(conversion).epsilon(1e-9));
  CHECK(quantised.seconds(cost, 0.0) < plain.prompt_s(2000));
}

TEST_CASE("guesses that hold with a chance give a geometric number of tokens") {
  Speculation s;
  s.tokens = 3;
  s.acceptance = 0.5;
  CHECK(s.tokens_per_step() == doctest::Approx(1.875));  // 1 + 1/2 + 1/4 + 1/8
  s.acceptance = 1.0;
  CHECK(s.tokens_per_step() == 4.0);
  s.tokens = 0;
  CHECK(s.tokens_per_step() == 1.0);
}

TEST_CASE("a step with free guesses is a pass of four tokens over the tokens it gives") {
  // 16 sequences with 3 guesses each: matrices and head of 64 rows, the cache read once.
  const Bench plain("hgx_h100_x1", llama("tp: 4"));
  const Bench guessing("hgx_h100_x1",
                       llama("tp: 4, speculation: {tokens: 3, acceptance: 0.5, draft: ngram}"));
  Batch pass;
  pass.decoding = 16;
  pass.width = 4;
  const double pass_s = plain.seconds(plain.time.stages().front().cost(pass), 16 * 5000.0);
  CHECK(guessing.decode_s(16, 5000) == doctest::Approx(pass_s / 1.875).epsilon(1e-9));
  CHECK(guessing.decode_s(16, 5000) < plain.decode_s(16, 5000));
}

TEST_CASE("guesses that never hold cost what they cost") {
  const Bench plain("hgx_h100_x1", llama("tp: 4"));
  const Bench guessing("hgx_h100_x1", llama("tp: 4, speculation: {tokens: 3, acceptance: 0, draft: ngram}"));
  CHECK(guessing.decode_s(16, 5000) > plain.decode_s(16, 5000));
  CHECK(guessing.prompt_s(1000) == plain.prompt_s(1000));
}

TEST_CASE("a layer that guesses costs a pass of one layer for each guess") {
  const Bench free("hgx_h100_x1", lite("tp: 1, speculation: {tokens: 1, acceptance: 0.8, draft: ngram}"));
  const Bench mtp("hgx_h100_x1", lite("tp: 1, speculation: {tokens: 1, acceptance: 0.8, draft: mtp}"));
  // One layer with experts, embedding and head, for one token a sequence; 1.8 tokens a pass.
  const LLM& draft = mtp.deployment.speculation.draft_llm;
  const LayerTime kernels(draft, mtp.deployment.precision, mtp.gpu(), cut_of(mtp.deployment));
  const StageTime layer(mtp.deployment, draft, kernels, mtp.links, stages(draft, 1).front());
  Batch batch;
  batch.decoding = 32;
  const double guess_s = mtp.seconds(layer.cost(batch), 32 * 1000.0);
  CHECK(mtp.decode_s(32, 1000) - free.decode_s(32, 1000) == doctest::Approx(guess_s / 1.8).epsilon(1e-9));
}

TEST_CASE("prompts beside guessing sequences cost what they add") {
  // Over many steps the time is the same as if prompts came with whole passes: a prompt adds the same whatever chance
  // the guesses have.
  const auto added_s = [&](const std::string& chance) {
    const Bench b("hgx_h100_x1",
                  llama("tp: 4, speculation: {tokens: 3, draft: ngram, acceptance: " + chance + "}"));
    Batch batch;
    batch.decoding = 8;
    batch.chunks = {{1000, 0}};
    batch.finished_prompts = 1;
    batch.contexts.assign(8, 999.0);
    return b.seconds(b.time.cost(batch), 8 * 1000.0) - b.decode_s(8, 1000);
  };
  CHECK(added_s("0.2") == doctest::Approx(added_s("0.9")).epsilon(1e-9));
  CHECK(added_s("0.2") > 0.0);
}

TEST_CASE("a batch that only decodes is filled up to the next recorded size") {
  const Bench b("hgx_h100_x1",
                "{model: llama_3_1_8b, engine: {host_overhead: 0s, graph_sizes: [1, 2, 4, 8]}, tp: 1}");
  const Bench bare("hgx_h100_x1", "{model: llama_3_1_8b, engine: {host_overhead: 0s}, tp: 1}");
  const auto down_s = [](const Bench& bench, int64_t sequences) {
    Batch batch;
    batch.decoding = sequences;
    double s = 0.0;
    bench.time.each_op(batch, [&](const Op& op) { s += op.name == "down" ? op.compute.fixed_s : 0.0; });
    return s;
  };
  CHECK(down_s(b, 5) == down_s(bare, 8));
  CHECK(down_s(b, 8) == down_s(bare, 8));
  CHECK(down_s(b, 9) == down_s(bare, 9));
  CHECK(b.prompt_s(5) == bare.prompt_s(5));
}

}  // namespace
}  // namespace agentsim::model
