#include <fmt/format.h>

#include "analysis/fidelity/served.hpp"
#include "analysis/fidelity/table.hpp"
#include "sim/model/kv_capacity.hpp"
#include "sim/scenario.hpp"

// MLPerf Inference v5.1, closed division, Llama-2-70B offline: as many tokens a second as a machine gives. Software
// differs from ours, so only ratios between machines are held against ours, per GPU, to that with eight H200.
namespace agentsim::fidelity {
namespace {

const char* const kFile = "tests/validation/data/mlperf/llama2_70b_offline_v5.1.csv";

struct Machine {
  std::string system, platform, weights, engine;
  double gpus = 0.0, tokens_per_s = 0.0;
  int64_t tp = 1;

  double per_gpu() const { return tokens_per_s / gpus; }
};

std::vector<Machine> read_machines() {
  const CsvFile file = measured(kFile);
  std::vector<Machine> machines;
  file.each_row([&](CsvRow& row) {
    const auto text = [&](const char* column) { return std::string(row.text(file.column(column))); };
    machines.push_back({text("system"), text("platform"), text("weights"), text("engine"),
                        row.number(file.column("gpus")), row.number(file.column("tokens_per_s")),
                        row.whole(file.column("tp"), 1, 8)});
  });
  return machines;
}

constexpr double kMeanPrompt = 295.0, kMeanOutput = 295.0;

// One replica under more requests than it can run at once, about as many as LoadGen's 600 s give a GPU. Lengths are the
// benchmark's means (OpenOrca: 294 tokens of output by its rules, prompts of about as many), spread as widely as its
// limit of 1024. Submitters choose the largest batch whose caches fit.
std::string scenario_of(const Machine& machine, int64_t sequences) {
  return fmt::format(R"(
workload:
  source: single_call
  sessions: 10000
  single_call: {{prompt: {{uniform: {{low: 40, high: 550}}}}, output: {{uniform: {{low: 40, high: 550}}}}}}
  arrival: {{kind: closed, concurrency: 2500}}
deployment:
  model: llama_2_70b
  precision: {{weights: {}, kv: fp8}}
  tp: {}
  replicas: 1
  engine: {{preset: {}, max_sequences: {}}}
platforms: [{}]
)",
                     machine.weights, machine.tp, machine.engine, sequences, machine.platform);
}

ServedRun offline(const Machine& machine) {
  const std::string name = "MLPerf, " + machine.system;
  const Scenario scenario = read_scenario(config::Value::parse(scenario_of(machine, 1), name), name);
  const PlatformChoice& choice = scenario.platforms.front();
  const model::KVCapacity kv = model::kv_capacity(choice.deployment, choice.cluster.node().gpu);
  const double tokens = static_cast<double>(kv.blocks * choice.deployment.engine.block_size);
  return {name, scenario_of(machine, static_cast<int64_t>(tokens / (kMeanPrompt + kMeanOutput)))};
}

class MLPerf : public Table {
 public:
  std::string judged_on() const override {
    return "tokens/s per GPU over that of 8x H200 SXM; no fit reads them; lengths of requests and how many a "
           "GPU runs at once are estimates";
  }
  std::vector<Target> targets() const override { return {{0.15, 0.0, {}}}; }
  std::vector<Row> rows() const override {
    const std::vector<Machine> machines = read_machines();
    std::vector<ServedRun> runs;
    for (const Machine& machine : machines) runs.push_back(offline(machine));
    const std::vector<ServedFigures> figures = serve(runs);
    const auto simulated = [&](size_t i) {
      return figures[i].output_tokens_per_s / static_cast<double>(machines[i].tp);
    };
    std::vector<Row> rows;
    for (size_t i = 1; i < machines.size(); ++i)
      rows.push_back({machines[i].system, "tokens/s to H200", "", simulated(i) / simulated(0),
                      machines[i].per_gpu() / machines[0].per_gpu(), machines[i].weights});
    return rows;
  }
};

const Tables::Entry entry{"mlperf", "ratios of machines, Llama-2-70B offline (MLPerf 5.1)",
                          [] { return std::make_unique<MLPerf>(); }};

}  // namespace
}  // namespace agentsim::fidelity
