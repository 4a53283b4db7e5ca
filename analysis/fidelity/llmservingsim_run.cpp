#include <fmt/format.h>

#include "analysis/fidelity/served.hpp"
#include "analysis/fidelity/table.hpp"
#include "sim/config/library.hpp"

// The 300 requests that LLMServingSim's authors sent to a vLLM 0.19 server, at their dates.
namespace agentsim::fidelity {
namespace {

const char* const kFile = "tests/validation/data/llmservingsim/measured_vllm_rtxpro6000_llama3.1-8b_tp1.csv";

// max_num_seqs and max_num_batched_tokens are those of the run.
ServedRun replay() {
  return {"LLMServingSim's run", fmt::format(R"(
workload: {{source: call_csv, call_csv: {{file: '{}'}}, arrival: {{kind: trace}}}}
deployment:
  model: llama_3_1_8b
  precision: {{weights: bf16, kv: bf16}}
  engine: {{preset: vllm_v1, max_sequences: 128, token_budget: 2048}}
  replicas: 1
platforms: [rtx_pro_6000_pcie_x1]
)",
                                             (config::Library::root() / kFile).string())};
}

class LLMServingSimRun : public Table {
 public:
  std::string judged_on() const override {
    return "all requests; the overheads of vllm_v1 are from other runs, on H100, and the kernels from tables";
  }
  std::vector<Target> targets() const override {
    return {{0.10, 0.0, {"mean TTFT", "mean TPOT", "output tokens/s"}}};
  }
  std::vector<Row> rows() const override {
    double ttft = 0.0, tpot = 0.0, e2e = 0.0, output = 0.0, end = 0.0, requests = 0.0, several = 0.0;
    const CsvFile file = measured(kFile);
    const size_t arrival = file.column("arrival_s"), tokens = file.column("out_tok"),
                 first = file.column("first_token_s"), last = file.column("last_token_s");
    file.each_row([&](CsvRow& row) {
      const double n = row.number(tokens);
      ttft += row.number(first) - row.number(arrival);
      e2e += row.number(last) - row.number(arrival);
      if (n > 1.0) {
        tpot += (row.number(last) - row.number(first)) / (n - 1.0);
        several += 1.0;
      }
      output += n;
      requests += 1.0;
      end = std::max(end, row.number(last));
    });
    const ServedFigures run = serve({replay()}).front();
    const std::string gpu = "rtx_pro_6000_server";
    return {{gpu, "mean TTFT", "", run.mean_ttft_s, ttft / requests},
            {gpu, "mean TPOT", "", run.mean_tpot_s, tpot / several},
            {gpu, "mean E2E", "", run.mean_e2e_s, e2e / requests},
            {gpu, "output tokens/s", "", run.output_tokens_per_s, output / end}};
  }
};

const Tables::Entry entry{"llmservingsim_run", "a served run of Llama-3.1-8B in vLLM 0.19 (LLMServingSim)",
                          [] { return std::make_unique<LLMServingSimRun>(); }};

}  // namespace
}  // namespace agentsim::fidelity
