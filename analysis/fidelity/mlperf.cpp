#include <fmt/format.h>

#include "analysis/fidelity/served.hpp"
#include "analysis/fidelity/table.hpp"

// MLPerf Inference v5.1, closed division, Llama-2-70B offline: as many tokens a second as a machine gives. Software
// differs from ours, so only ratios between machines are held against ours, per GPU, to that with eight H200.
namespace agentsim::fidelity {
namespace {

const char* const kFile = "tests/validation/data/mlperf/llama2_70b_offline_v5.1.csv";

struct Machine {
  std::string system, platform, weights;
  double gpus = 0.0, tokens_per_s = 0.0;
  int64_t tp = 1;

  double per_gpu() const { return tokens_per_s / gpus; }
};

std::vector<Machine> read_machines() {
  const CsvFile file = measured(kFile);
  std::vector<Machine> machines;
  file.each_row([&](CsvRow& row) {
    const auto text = [&](const char* column) { return std::string(row.text(file.column(column))); };
    machines.push_back({text("system"), text("platform"), text("weights"), row.number(file.column("gpus")),
                        row.number(file.column("tokens_per_s")), row.whole(file.column("tp"), 1, 8)});
  });
  return machines;
}

// One replica under more requests than it can run at once. Lengths are the benchmark's means (OpenOrca: 294 tokens of
// output by its rules, prompts of about as many), spread as widely as its limit of 1024.
ServedRun offline(const Machine& machine) {
  return {"MLPerf, " + machine.system, fmt::format(R"(
workload:
  source: single_call
  sessions: 4000
  single_call: {{prompt: {{uniform: {{low: 40, high: 550}}}}, output: {{uniform: {{low: 40, high: 550}}}}}}
  arrival: {{kind: closed, concurrency: 1500}}
deployment:
  model: llama_2_70b
  precision: {{weights: {}, kv: fp8}}
  tp: {}
  replicas: 1
  engine: trt_llm
platforms: [{}]
)",
                                                   machine.weights, machine.tp, machine.platform)};
}

class MLPerf : public Table {
 public:
  std::string judged_on() const override {
    return "tokens/s per GPU over that of 8x H200 SXM; no fit reads them; lengths of requests are estimates";
  }
  std::vector<Target> targets() const override { return {{0.15, 0.0, {}}}; }
  std::string reason() const override {
    return "MI300X takes the curves of H100, whose share of the peak AMD's software did not reach; B200 and "
           "GB200 take "
           "the nvfp4 curve of the RTX PRO 6000 and the lengths are estimates";
  }
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
