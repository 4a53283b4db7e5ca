#include <doctest/doctest.h>

#include "sim/serving/replica.hpp"
#include "tests/network/script.hpp"
#include "tests/serving/helpers.hpp"
#include "tests/simulation/helpers.hpp"

// One replica of four PCIe GPUs, and a stream of bytes on the cable down to the first of them, which every
// collective of the replica crosses once. While it flows, the collectives get half of that cable.
namespace agentsim {
namespace {

const char* const kScenario =
    "workload: {sessions: 1, source: single_call, single_call: {prompt: 1, output: 1}, arrival: {kind: "
    "closed, concurrency: 1}}\n"
    "deployment: {model: llama_3_3_70b, precision: {weights: fp8, kv: fp8}, tp: 4, engine: vllm_v1}\n"
    "platforms: [rtx_pro_6000_pcie_x1]\n";

class Bench : public serving::ReplicaClient {
 public:
  explicit Bench(serving::StepMode mode)
      : parts(kScenario),
        net(kernel, links(parts.choice.cluster)),
        script(kernel),
        scheduler_(serving::Schedulers::make("fcfs")),
        replica({kernel, parts.choice.deployment, parts.step_time, *scheduler_, *this, mode}, 0, 10000) {
    std::vector<std::pair<network::LinkId, int>> crossings;
    for (const auto& [link, times] : parts.group.crossings()) {
      crossings.emplace_back(static_cast<network::LinkId>(link), times);
      if (parts.choice.cluster.link_name(link) == "n0/sw0>gpu0") {
        cable = static_cast<network::LinkId>(link);
        CHECK(times == 1);
      }
    }
    capacity = net.link(cable).bytes_per_s;
    replica.join(net, net.add_group(crossings, replica));
    path_ = net.add_path({{cable}, 0.0});
    net.start();
  }

  void call_at(double time_s, const serving::Prompt& prompt, uint32_t output) {
    script.at(time_s, [this, &prompt, output] {
      auto request = std::make_unique<serving::Request>();
      request->record.prompt_tokens = prompt.tokens();
      request->record.output_tokens = output;
      request->content = prompt.content();
      replica.enqueue(std::move(request));
    });
  }
  static model::Batch prompt_batch(double tokens) {
    model::Batch batch;
    batch.chunks.push_back({tokens, 0.0});
    batch.finished_prompts = 1;
    return batch;
  }
  double fabric_s(const model::Batch& batch, double rate) const {
    return parts.step_time.cost(batch).lanes[model::Lane::tensor].seconds(rate);
  }
  void stream_at(double time_s, uint64_t bytes) {
    script.at(time_s, [this, bytes] { net.send(path_, bytes, network::TrafficClass::background, script); });
  }
  void on_finished(std::unique_ptr<serving::Request> request) override {
    done = request->record;
    kernel.stop();
  }

  Parts parts;
  network::Kernel kernel;
  network::FlowNet net;
  network::Script script;
  double capacity = 0.0;
  network::LinkId cable = 0;
  serving::CallRecord done;

 private:
  static std::vector<network::LinkSpec> links(const platform::Cluster& cluster) {
    std::vector<network::LinkSpec> specs;
    for (int link = 0; link < cluster.link_count(); ++link)
      specs.push_back({cluster.link_name(link), cluster.link_bytes_per_s(link)});
    return specs;
  }

  network::PathId path_ = 0;
  std::unique_ptr<serving::Scheduler> scheduler_;

 public:
  serving::Replica replica;
};

constexpr uint64_t kEndless = 1000000000000000;

void check_all_along(serving::StepMode mode) {
  Bench bench(mode);
  const serving::Prompt prompt = serving::own_prompt(1, 4000);
  bench.stream_at(0.0, kEndless);
  bench.call_at(0.001, prompt, 200);
  bench.kernel.run();
  const double half = bench.capacity / 2.0;
  const double prefill_s = bench.parts.prefill_s(4000, half);
  const double decode_s = bench.parts.decode_s(4000, 200, half);
  CHECK(bench.parts.group.rate() == doctest::Approx(bench.capacity).epsilon(1e-12));
  CHECK(bench.done.first_token_s == doctest::Approx(0.001 + prefill_s).epsilon(1e-9));
  CHECK(bench.done.last_token_s == doctest::Approx(0.001 + prefill_s + decode_s).epsilon(1e-9));
  // A stretch that matters, or nothing was tested.
  CHECK(prefill_s > 1.2 * bench.parts.prefill_s(4000, bench.capacity));
  double fabric_s = bench.fabric_s(bench.prompt_batch(4000), half);
  model::Batch decode;
  decode.decoding = 1;
  fabric_s += 199 * bench.fabric_s(decode, half);
  CHECK(bench.done.split.fabric_s == doctest::Approx(fabric_s).epsilon(1e-9));
  CHECK(bench.done.split.sum() == doctest::Approx(bench.done.last_token_s - 0.001).epsilon(1e-9));
}

TEST_CASE("a stream on one cable of the group halves the rate of its collectives in fast mode") {
  // Given a stream all along, then every step is as long as the formula says for half the cable.
  check_all_along(serving::StepMode::fast);
}

TEST_CASE("a stream on one cable of the group halves the rate of its collectives step by step") {
  // Given the same, then the same.
  check_all_along(serving::StepMode::step_by_step);
}

TEST_CASE("a stream that begins and ends within a step stretches the part of it that it meets") {
  // Given a step of T1 alone and T2 beside a stream. The stream begins after T1/4 and is as long as a quarter
  // of the work takes beside it, at the rate that the replica's mean traffic leaves: capacity - wire/T2. Then
  // the step ends at T1/4 + T2/4 + T1/2.
  Bench bench(serving::StepMode::fast);
  const serving::Prompt prompt = serving::own_prompt(1, 8000);
  const model::Batch batch = Bench::prompt_batch(8000);
  const double alone_s = bench.parts.seconds(batch, 0, bench.capacity);
  const double beside_s = bench.parts.seconds(batch, 0, bench.capacity / 2.0);
  const double wire_bytes = bench.parts.step_time.cost(batch).lanes[model::Lane::tensor].wire_bytes;
  const double stream_rate = bench.capacity - wire_bytes / beside_s;
  bench.call_at(0.0, prompt, 1);
  bench.stream_at(alone_s / 4.0, static_cast<uint64_t>(std::llround(stream_rate * beside_s / 4.0)));
  bench.kernel.run();
  CHECK(bench.done.last_token_s ==
        doctest::Approx(alone_s / 4.0 + beside_s / 4.0 + alone_s / 2.0).epsilon(1e-6));
  CHECK(beside_s > 1.2 * alone_s);
  CHECK(bench.done.split.fabric_s == doctest::Approx(0.75 * bench.fabric_s(batch, bench.capacity) +
                                                     0.25 * bench.fabric_s(batch, bench.capacity / 2.0))
                                         .epsilon(1e-6));
  REQUIRE(bench.script.ended.size() == 1);
  CHECK(bench.script.ended[0].second == doctest::Approx(alone_s / 4.0 + beside_s / 4.0).epsilon(1e-6));
}

TEST_CASE("a stream that was there first is slowed by the mean traffic of the replica") {
  // Given a stream alone for 1 ms and then beside a step, then in half that step it moves half of what the
  // replica's mean traffic leaves: capacity - wire/T2.
  Bench bench(serving::StepMode::fast);
  const serving::Prompt prompt = serving::own_prompt(1, 8000);
  const model::Batch batch = Bench::prompt_batch(8000);
  const double beside_s = bench.parts.seconds(batch, 0, bench.capacity / 2.0);
  const double rate =
      bench.capacity - bench.parts.step_time.cost(batch).lanes[model::Lane::tensor].wire_bytes / beside_s;
  bench.stream_at(0.0, static_cast<uint64_t>(std::llround(0.001 * bench.capacity + rate * beside_s / 2.0)));
  bench.call_at(0.001, prompt, 1);
  bench.kernel.run();
  REQUIRE(bench.script.ended.size() == 1);
  CHECK(bench.script.ended[0].second == doctest::Approx(0.001 + beside_s / 2.0).epsilon(1e-6));
  CHECK(rate < 0.9 * bench.capacity);
}

TEST_CASE("a stream that begins in the middle of many decode steps stretches the later ones") {
  // Given a decode that runs alone until the middle of its 100th step, then what is left of that one and all
  // later ones take the time of half the cable, whether the steps are one event or many.
  std::vector<std::string> dates;
  for (const serving::StepMode mode : {serving::StepMode::fast, serving::StepMode::step_by_step}) {
    dates.push_back(in_child([mode] {
      Bench bench(mode);
      const serving::Prompt prompt = serving::own_prompt(1, 1000);
      const auto step_s = [&](int64_t step, double rate) {
        model::Batch batch;
        batch.decoding = 1;
        return bench.parts.seconds(batch, 1000 + step, rate);
      };
      const double full = bench.capacity;
      const double begin_s =
          bench.parts.prefill_s(1000, full) + bench.parts.decode_s(1000, 100, full) + step_s(100, full) / 2.0;
      double expected_s = begin_s + step_s(100, full / 2.0) / 2.0;
      for (int64_t step = 101; step < 400; ++step) expected_s += step_s(step, full / 2.0);
      bench.call_at(0.0, prompt, 400);
      bench.stream_at(begin_s, kEndless);
      bench.kernel.run();
      if (std::abs(bench.done.last_token_s - expected_s) > 1e-9)
        throw std::runtime_error(fmt::format("{} instead of {}", bench.done.last_token_s, expected_s));
      return fmt::format("{}", bench.done.last_token_s);
    }));
  }
  CHECK(dates[0] == dates[1]);
}

TEST_CASE("a KV offload and the all-reduces of a switch slow each other by their shares") {
  // Given an offload from gpu0 to host memory during a prompt: it shares the cable up from gpu0, 54.2 GB/s, with the ring,
  // which crosses it once. The ring's bursts get half of it; the offload gets what the mean traffic of the prompt's step
  // leaves, capacity - wire/T2. When it has ended, the rest of the step goes at full rate.
  Bench bench(serving::StepMode::fast);
  const platform::Cluster& cluster = bench.parts.choice.cluster;
  const platform::Route up = cluster.egress(0);
  const auto memory = std::find_if(up.links.begin(), up.links.end(),
                                   [&](int link) { return cluster.link_name(link) == "n0/cpu0>mem0"; });
  network::Path path{{up.links.begin(), memory + 1}, 0.0};
  REQUIRE(path.links.size() == 4);
  REQUIRE(cluster.link_name(up.links[0]) == "n0/gpu0>sw0");
  const network::PathId offload = bench.net.add_path(path);
  const serving::Prompt prompt = serving::own_prompt(1, 8000);
  const model::Batch batch = Bench::prompt_batch(8000);
  const double alone_s = bench.parts.seconds(batch, 0, bench.capacity);
  const double beside_s = bench.parts.seconds(batch, 0, bench.capacity / 2.0);
  const double rate =
      bench.capacity - bench.parts.step_time.cost(batch).lanes[model::Lane::tensor].wire_bytes / beside_s;
  const auto bytes = static_cast<uint64_t>(std::llround(rate * beside_s / 2.0));
  bench.call_at(0.0, prompt, 1);
  bench.script.at(0.0,
                  [&] { bench.net.send(offload, bytes, network::TrafficClass::kv_offload, bench.script); });
  bench.kernel.run();
  REQUIRE(bench.script.ended.size() == 1);
  CHECK(bench.script.ended[0].second == doctest::Approx(beside_s / 2.0).epsilon(1e-6));
  CHECK(bench.done.last_token_s == doctest::Approx(beside_s / 2.0 + alone_s / 2.0).epsilon(1e-6));
  CHECK(rate < 0.8 * bench.capacity);
  CHECK(beside_s > 1.2 * alone_s);
  for (const network::LinkId link : path.links) {
    CHECK(bench.net.link_bytes(link, network::TrafficClass::kv_offload) == static_cast<double>(bytes));
    CHECK(bench.net.link_bytes(link, network::TrafficClass::kv_handoff) == 0.0);
  }
}

}  // namespace
}  // namespace agentsim
