#include <fmt/format.h>

#include <map>

#include "analysis/fidelity/table.hpp"
#include "sim/base/halves.hpp"
#include "sim/model/step_time.hpp"
#include "sim/platform/cluster.hpp"

// Whole steps of Llama-2-70B in fp16 on DGX machines, by the vLLM of 2023, against the preset vllm_2023.
namespace agentsim::fidelity {
namespace {

constexpr const char* kFile = "tests/validation/data/splitwise/perf_model_llama2-70b_tp2_tp8.csv";

// One row: a batch of equal prompts, and a step that decodes it at its mean context.
struct Measured {
  std::string machine;  // "a100-80gb"
  int64_t tp = 1, prompt = 1, sequences = 1;
  double output = 0.0, prompt_s = 0.0, token_s = 0.0;

  double prompt_tokens() const { return static_cast<double>(prompt * sequences); }
  // All that was measured of a batch stands in one half, whatever its output.
  bool is_fitted() const { return even_hash(machine, tp, prompt, sequences); }
};

std::vector<Measured> read_rows() {
  const CsvFile file = measured(kFile);
  const auto at = [&](const char* name) { return file.column(name); };
  std::vector<Measured> all;
  file.each_row([&](CsvRow& row) {
    all.push_back({std::string(row.text(at("hardware"))), row.whole(at("tensor_parallel"), 1, 8),
                   row.whole(at("prompt_size"), 1, 1 << 20), row.whole(at("batch_size"), 1, 1024),
                   row.number(at("token_size")), row.number(at("prompt_time_ms")) * 1e-3,
                   row.number(at("token_time_ms")) * 1e-3});
  });
  return all;
}

// The libraries of that time have no table of their own; those that Vidur timed a year later are the nearest.
platform::Accelerator gpu_of(const platform::Cluster& cluster) {
  return gpu_named("tests/validation/data/vidur/" + cluster.node().gpu.name + ".yaml");
}

struct Machine {
  explicit Machine(const Measured& row)
      : cluster(platform::load_cluster(
            config::Value::parse(row.machine == "h100-80gb" ? "hgx_h100_x1" : "hgx_a100_x1", "fidelity"))),
        gpu(gpu_of(cluster)),
        deployment(of(row.tp)),
        links(cluster, deployment, 0),
        time(deployment, gpu, links, cluster.node().host_speed) {}
  Machine(const Machine&) = delete;

  static model::Deployment of(int64_t tp) {
    model::Deployment d;
    Diagnostics diagnostics;
    const std::string text = fmt::format(
        "{{model: llama_2_70b, precision: {{weights: bf16, kv: bf16}}, tp: {}, engine: vllm_2023}}", tp);
    model::load_deployment(config::Value::parse(text, "fidelity"), {d.router}, {d.scheduler}, d, diagnostics);
    diagnostics.throw_if_any();
    return d;
  }
  double seconds(const model::Batch& batch, double context) const {
    return time.cost(batch).seconds(links.rates(), context, 0.0);
  }
  // All GPUs at their peak would take longer for the prompts.
  bool beats_peak(const Measured& row) const {
    const double flop = 2.0 * deployment.llm.active_matrix_parameters() * row.prompt_tokens();
    return flop / (static_cast<double>(row.tp) * gpu.peak.bf16) > row.prompt_s;
  }

  platform::Cluster cluster;
  platform::Accelerator gpu;
  model::Deployment deployment;
  model::ReplicaLinks links;
  model::StepTime time;
};

class Machines {
 public:
  const Machine& of(const Measured& row) {
    std::unique_ptr<Machine>& machine = all_[fmt::format("{} {}", row.machine, row.tp)];
    if (!machine) machine = std::make_unique<Machine>(row);
    return *machine;
  }

 private:
  std::map<std::string, std::unique_ptr<Machine>> all_;
};

class Splitwise : public Table {
 public:
  std::string judged_on() const override {
    return "the half of the batches (machine, tp, prompt, sequences) from which platforms/fit/eager_fit.py "
           "did not "
           "fit "
           "vllm_2023 and the host speed of hgx_a100; matrices by the curves of vidur_mlp, which read no row "
           "of it";
  }
  std::vector<Target> targets() const override { return {{0.10, 0.0, {}}}; }
  std::string reason() const override {
    return "with TP8 a prompt of 4096 tokens takes 100 to 170 ms more than twice one of 2048, on both machines, "
           "and longer ones likewise, which TP2 does not show; sums of over 32 MB may have taken several times "
           "what NCCL's tables say, but no measurement at hand tells";
  }
  std::vector<Row> rows() const override {
    Machines machines;
    std::vector<Row> all;
    for (const Measured& row : read_rows()) {
      const Machine& machine = machines.of(row);
      if (row.is_fitted() || machine.beats_peak(row)) continue;
      const auto b = static_cast<double>(row.sequences);
      const std::string what = fmt::format("{} x {} + {}", row.sequences, row.prompt, row.output);
      model::Batch prefill;
      prefill.chunks.assign(static_cast<size_t>(row.sequences), {static_cast<double>(row.prompt), 0.0});
      prefill.finished_prompts = row.sequences;
      all.push_back({machine.gpu.name, fmt::format("prefill TP{}", row.tp), token_class(row.prompt_tokens()),
                     machine.seconds(prefill, 0.0), row.prompt_s, what});
      model::Batch decode;
      decode.decoding = row.sequences;
      all.push_back({machine.gpu.name, fmt::format("decode TP{}", row.tp), token_class(b),
                     machine.seconds(decode, row.prompt_tokens() + 0.5 * b * row.output), row.token_s, what});
    }
    return all;
  }
  std::vector<LeftOut> left_out() const override {
    Machines machines;
    size_t rows = 0;
    for (const Measured& row : read_rows()) rows += machines.of(row).beats_peak(row) ? 1 : 0;
    return {{"64 sequences with TP2", "the prompts take less than the GPUs' peak allows: they ran in parts",
             rows}};
  }
};

const Tables::Entry entry{"splitwise", "steps of Llama-2-70B, vLLM of 2023 (Splitwise)",
                          [] { return std::make_unique<Splitwise>(); }};

}  // namespace
}  // namespace agentsim::fidelity
