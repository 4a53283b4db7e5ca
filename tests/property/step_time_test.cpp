#include "sim/model/step_time.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "sim/config/library.hpp"
#include "sim/model/gpu_needs.hpp"
#include "sim/model/kv_capacity.hpp"
#include "tests/model/shipped.hpp"
#include "tests/property/holds.hpp"

// Laws of the step time over models, layouts, precisions and engines drawn at random, on 16 GPUs.
namespace agentsim::model {
namespace {

int64_t draw(int64_t low, int64_t high) {
  return *rc::gen::inRange(low, high + 1);
}

std::string any_of(const std::vector<std::string>& names) {
  return *rc::gen::elementOf(names);
}

// A number rounds to less than this share of itself on the way through sums of some thousand parts.
constexpr double kRounding = 1.0 - 1e-12;

bool at_least(double more, double less) {
  return more >= less * kRounding;
}

const platform::Cluster& platform_named(const std::string& name) {
  static std::map<std::string, platform::Cluster> known;
  const auto found = known.find(name);
  return found != known.end() ? found->second : known.emplace(name, cluster(name)).first->second;
}

std::string drawn_layout() {
  const int64_t tp = int64_t{1} << draw(0, 4);
  std::string layout = fmt::format("tp: {}, pp: {}", tp, tp <= 8 ? draw(1, 16 / tp) : 1);
  if (draw(0, 1) == 1) layout += fmt::format(", ep: {}", int64_t{1} << draw(0, 4));
  if (draw(0, 1) == 1) layout += fmt::format(", dp_attention: {}", int64_t{1} << draw(0, 4));
  if (draw(0, 3) == 0) layout += fmt::format(", micro_batches: {}", draw(1, 6));
  if (draw(0, 3) == 0) layout += ", all_reduce: int8";
  if (draw(0, 3) == 0) layout += fmt::format(", expert_skew: 1.{}", draw(0, 9));
  return layout;
}

// What a deployment computes with does not depend on whether its memory holds it, so that is not asked.
struct Drawn {
  std::string platform = any_of({"hgx_h100_x2", "rtx_pro_6000_pcie_x2"});
  std::string model = any_of(config::Library::names("scenarios/models"));
  std::string layout = drawn_layout();
  std::string rest =
      fmt::format("precision: {{weights: {}, kv: {}}}, kernels: {}, engine: {}",
                  any_of({"bf16", "fp8", "int8", "int4", "mxfp4"}), any_of({"bf16", "fp8"}),
                  any_of({"fitted", "tables"}), any_of({"vllm_v0", "vllm_v1", "sglang", "trt_llm"}));
  std::string speculation = draw(0, 4) > 0 ? ""
                                           : fmt::format(", speculation: {{tokens: {}, draft: {}}}",
                                                         draw(1, 5), any_of({"mtp", "ngram"}));

  Deployment deployment() const {
    return deploy(fmt::format("{{model: {}, {}, {}{}}}", model, layout, rest, speculation));
  }
};

// Layouts that do not divide the model are drawn again; this does not happen in most cases.
Drawn drawn_that_fits() {
  for (;;) {
    Drawn drawn;
    if (drawn.layout.find("pp: 1") == std::string::npos) drawn.speculation.clear();
    const Deployment d = drawn.deployment();
    const platform::Cluster& on = platform_named(drawn.platform);
    if (layout_mistakes(d).empty() && gpu_mistakes(d, on.node().gpu).empty()) return drawn;
  }
}

struct Replica {
  explicit Replica(const Drawn& drawn)
      : platform(platform_named(drawn.platform)),
        deployment(drawn.deployment()),
        links(platform, deployment, 0),
        time(deployment, platform.node().gpu, links) {}

  // Of a step with the links to itself.
  double seconds(const StepCost& cost, double context) const {
    const double window = static_cast<double>(deployment.llm.attention_window());
    return cost.seconds(links.rates(), context, window > 0.0 ? std::min(context, window) : context);
  }

  const platform::Cluster& platform;
  Deployment deployment;
  ReplicaLinks links;
  StepTime time;
};

Batch decoding(int64_t sequences) {
  Batch batch;
  batch.decoding = sequences;
  return batch;
}

Batch drawn_batch() {
  Batch batch;
  const int64_t prompts = draw(0, 4);
  for (int64_t i = 0; i < prompts; ++i)
    batch.chunks.push_back(
        {static_cast<double>(draw(1, 4000)), static_cast<double>(draw(0, 1) * draw(0, 60'000))});
  batch.finished_prompts = draw(0, prompts);
  batch.decoding = draw(prompts == 0 ? 1 : 0, 200);
  for (int64_t i = 0; prompts > 0 && i < batch.decoding; ++i)
    batch.contexts.push_back(static_cast<double>(draw(1, 60'000)));
  return batch;
}

void check_positive(const StepCost& cost) {
  RC_ASSERT(std::isfinite(cost.compute.fixed_s) && cost.compute.fixed_s > 0.0);
  RC_ASSERT(std::isfinite(cost.compute.per_token_s) && cost.compute.per_token_s >= 0.0);
  RC_ASSERT(std::isfinite(cost.per_window_token_s) && cost.per_window_token_s >= 0.0);
  for (const Lane lane : kAllLanes) {
    RC_ASSERT(std::isfinite(cost.lanes[lane].latency_s) && cost.lanes[lane].latency_s >= 0.0);
    RC_ASSERT(std::isfinite(cost.lanes[lane].burst_bytes) && cost.lanes[lane].burst_bytes >= 0.0);
  }
}

// A step costs no more than its parts one after the other, and without pipeline and guesses as much.
void check_parts(const Replica& r, const Batch& batch, const StepCost& cost) {
  if (r.deployment.pp > 1 || r.deployment.speculation.tokens > 0) return;
  StepCost sum;
  r.time.each_op(batch, [&](const Op& op) { sum += op.cost(); });
  if (r.deployment.micro_batches <= 1)
    RC_ASSERT(std::abs(r.seconds(sum, 1e5) / r.seconds(cost, 1e5) - 1.0) < 1e-9);
}

// Each micro-batch through all stages, one after the other, is the slowest way to do a step.
void check_pipeline(const Replica& r, const Batch& batch, const StepCost& cost) {
  if (r.deployment.pp == 1) return;
  double one_by_one = r.time.host(batch).compute.fixed_s, whole = 0.0;
  for (const Batch& part : r.time.micro_batches(batch)) {
    whole += r.deployment.engine.host_overhead_s;
    for (const StageTime& stage : r.time.stages()) one_by_one += r.time.base_s(stage.cost(part));
  }
  RC_ASSERT(at_least(one_by_one + whole, r.time.base_s(cost)));
}

// Twice the sequences at the same contexts. Curves of experts have a step where there are as many tokens as experts, measured
// tables and the sizes at which libraries change protocols have any: a step is not always longer there. In a pipeline the
// busiest stage may replace the longest way, which has other shares of kernels and collectives.
void check_growth(const Replica& r, const StepCost& cost, int64_t sequences) {
  const StepCost& twice = r.time.decode_cost(2 * sequences);
  const Deployment& d = r.deployment;
  const bool has_steps = d.llm.experts.count > 0 || d.kernels == "tables" || d.pp > 1;
  if (!has_steps) RC_ASSERT(at_least(twice.compute_s(2e5, 2e5), cost.compute_s(1e5, 1e5)));
  RC_ASSERT(r.seconds(twice, 2e5) >= 0.8 * r.seconds(cost, 1e5));
}

void check_laws() {
  const Drawn drawn = drawn_that_fits();
  const Replica r(drawn);
  RC_LOG() << drawn.platform << ": {model: " << drawn.model << ", " << drawn.layout << ", " << drawn.rest
           << drawn.speculation << "}\n";
  const Batch batch = drawn_batch();
  const StepCost cost = r.time.cost(batch);
  check_positive(cost);
  check_parts(r, batch, cost);
  check_pipeline(r, batch, cost);

  // What is kept for decode steps is what a new step time says, whatever it was asked before.
  const int64_t sequences = draw(1, 400);
  const StepCost& kept = r.time.decode_cost(sequences);
  const StepCost fresh = Replica(drawn).time.cost(decoding(sequences));
  RC_ASSERT(kept.compute.fixed_s == fresh.compute.fixed_s);
  RC_ASSERT(kept.compute.per_token_s == fresh.compute.per_token_s);
  RC_ASSERT(r.seconds(kept, 1e5) == r.seconds(fresh, 1e5));
  RC_ASSERT(at_least(r.seconds(kept, 2e5), r.seconds(kept, 1e5)));
  check_growth(r, kept, sequences);
}

// As many FLOP, whatever the GPUs share out; reading is at least the weights once.
void check_work() {
  const Drawn drawn = drawn_that_fits();
  const Replica r(drawn);
  Deployment alone = r.deployment;
  alone.tp = alone.pp = alone.ep = alone.dp_attention = 1;
  const ReplicaLinks links(r.platform, alone, 0);
  Work work;
  work.steps = draw(1, 9);
  work.prefill_tokens = draw(0, 9000);
  work.decode_tokens = draw(0, 300);
  work.sampled = draw(0, 300);
  work.doubled_pairs = draw(0, 1'000'000'000);
  work.doubled_window_pairs = draw(0, 1'000'000'000);
  const double flop = r.time.flop(work);
  RC_ASSERT(flop == StepTime(alone, r.platform.node().gpu, links).flop(work));
  work.decode_tokens += 1;
  RC_ASSERT(r.time.flop(work) > flop);
}

// Blocks hold fewer tokens where each token, or what is kept beside, takes more.
void check_capacity() {
  const Drawn drawn = drawn_that_fits();
  RC_LOG() << drawn.model << ", " << drawn.layout << ", " << drawn.rest << "\n";
  const platform::Accelerator& gpu = platform_named(drawn.platform).node().gpu;
  Deployment d = drawn.deployment();
  d.precision.kv = "fp8";
  const KVCapacity small = kv_capacity(d, gpu);
  d.precision.kv = "bf16";
  const KVCapacity large = kv_capacity(d, gpu);
  RC_ASSERT(small.kv_bytes_per_token <= large.kv_bytes_per_token);
  if (large.blocks > 0) RC_ASSERT(small.blocks >= large.blocks);
  RC_ASSERT(small.blocks_of_a_call <= std::max<int64_t>(0, small.blocks) || small.blocks <= 0);
  d.engine.token_budget *= 2;
  RC_ASSERT(kv_capacity(d, gpu).blocks <= large.blocks);
  d.engine.token_budget /= 2;
  d.engine.runtime_reserve_bytes += 1e9;
  RC_ASSERT(kv_capacity(d, gpu).blocks <= large.blocks);
  platform::Accelerator more = gpu;
  more.memory_bytes *= 1.5;
  d.engine.runtime_reserve_bytes -= 1e9;
  RC_ASSERT(kv_capacity(d, more).blocks >= large.blocks);
}

TEST_CASE(
    "step times of random layouts are finite, sums of their parts and the same whenever they are asked for") {
  CHECK(holds("laws of step times", 60, 2000, check_laws));
}

TEST_CASE("the FLOP of random layouts do not depend on who computes them") {
  CHECK(holds("work of steps", 40, 2000, check_work));
}

TEST_CASE("the KV cache of random layouts holds fewer tokens where more is kept") {
  CHECK(holds("KV capacity", 60, 2000, check_capacity));
}

}  // namespace
}  // namespace agentsim::model
