#include <fmt/format.h>

#include "analysis/fidelity/served.hpp"
#include "analysis/fidelity/table.hpp"
#include "sim/base/halves.hpp"
#include "sim/config/library.hpp"

// Six runs of vLLM 0.6.0 with Llama-3.1-70B in bf16 on eight H100, fed with recorded requests at two rates
// (APEX). Many answers of the runs stopped before their recorded length; which ones is not known, so all
// are shortened alike until their sum is what was measured.
namespace agentsim::fidelity {
namespace {

constexpr auto kFolder = "tests/validation/data/apex/";

std::string trace_of(const std::string& workload) {
  return fmt::format("{}trace_{}_05_llama.csv.gz", kFolder, workload);
}

double recorded_output(const std::string& workload) {
  const CsvFile trace = measured(trace_of(workload));
  const size_t tokens = trace.column("out_tok");
  double sum = 0.0;
  trace.each_row([&](CsvRow& row) { sum += row.number(tokens); });
  return sum;
}

// Requests were dated at rate 0.5; half of it stretches the dates to twice their length.
ServedRun replay(const std::string& workload, double rate, double output_scale) {
  return {fmt::format("{} at rate {}", workload, rate),
          fmt::format(R"(
workload:
  source: call_csv
  call_csv: {{file: '{}', output_scale: {}}}
  arrival: {{kind: trace, time_scale: {}}}
deployment:
  model: llama_3_3_70b
  precision: {{weights: bf16, kv: bf16}}
  tp: 8
  replicas: 1
  engine: vllm_v0
platforms: [hgx_h100_x1]
)",
                      (config::Library::root() / trace_of(workload)).string(), output_scale, 0.5 / rate)};
}

class Apex : public Table {
 public:
  std::string judged_on() const override {
    return "held-out half of the runs; the other half fitted the host overheads of vllm_v0";
  }
  std::vector<Target> targets() const override { return {{0.10, 0.0, {"mean TPOT"}}}; }
  std::vector<Row> rows() const override {
    const CsvFile file = measured(std::string(kFolder) + "measured_vllm_llama70b_h100sxm_tp8.csv");
    const size_t workload = file.column("workload"), rate = file.column("rate"),
                 output = file.column("out_tok"), ttft = file.column("ttft_s"), tpot = file.column("tpot_s");
    std::vector<ServedRun> runs;
    std::vector<std::pair<double, double>> seen;
    std::vector<bool> is_fitted;
    file.each_row([&](CsvRow& row) {
      const std::string name(row.text(workload));
      runs.push_back(replay(name, row.number(rate), row.number(output) / recorded_output(name)));
      is_fitted.push_back(even_hash(name, row.number(rate)));
      seen.emplace_back(row.number(ttft), row.number(tpot));
    });
    const std::vector<ServedFigures> figures = serve(runs);
    std::vector<Row> rows;
    for (size_t i = 0; i < runs.size(); ++i) {
      const std::string name = runs[i].name.substr(0, runs[i].name.find(' '));
      rows.push_back(
          {"h100_sxm", "mean TTFT", name, figures[i].mean_ttft_s, seen[i].first, runs[i].name, is_fitted[i]});
      rows.push_back({"h100_sxm", "mean TPOT", name, figures[i].mean_tpot_s, seen[i].second, runs[i].name,
                      is_fitted[i]});
    }
    return rows;
  }
};

const Tables::Entry entry{"apex", "recorded requests replayed on eight H100, vLLM 0.6 (APEX)",
                          [] { return std::make_unique<Apex>(); }};

}  // namespace
}  // namespace agentsim::fidelity
