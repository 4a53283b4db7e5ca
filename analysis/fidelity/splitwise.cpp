#include <fmt/format.h>

#include <map>

#include "analysis/fidelity/table.hpp"
#include "sim/model/step_time.hpp"
#include "sim/platform/cluster.hpp"

// Whole steps of Llama-2-70B in fp16 on DGX machines, by the vLLM of 2023, against the preset vllm_v0.
namespace agentsim::fidelity {
namespace {

struct Machine {
  Machine(const std::string& platform, int64_t tp)
      : cluster(platform::load_cluster(config::Value::parse(platform, "fidelity"))),
        deployment(of(tp)),
        links(cluster, deployment, 0),
        time(deployment, cluster.node().gpu, links) {}
  Machine(const Machine&) = delete;

  static model::Deployment of(int64_t tp) {
    model::Deployment d;
    Diagnostics diagnostics;
    const std::string text = fmt::format(
        "{{model: llama_2_70b, precision: {{weights: bf16, kv: bf16}}, tp: {}, engine: vllm_v0}}", tp);
    model::load_deployment(config::Value::parse(text, "fidelity"), {d.router}, {d.scheduler}, d, diagnostics);
    diagnostics.throw_if_any();
    return d;
  }
  double seconds(const model::Batch& batch, double context) const {
    const model::StepCost cost = time.cost(batch);
    return cost.compute_s(context, 0.0) + cost.lanes.seconds(links.rates());
  }

  platform::Cluster cluster;
  model::Deployment deployment;
  model::ReplicaLinks links;
  model::StepTime time;
};

class Splitwise : public Table {
 public:
  std::string judged_on() const override { return "all rows; no fit reads them"; }
  std::vector<Target> targets() const override { return {{0.10, 0.0, {}}}; }
  std::string reason() const override {
    return "that vLLM launched every kernel from Python: a decode step of TP8 takes 30 ms on H100 and 43 to "
           "45 ms on A100 "
           "whether it has one sequence or eight, three to five times its kernels. vllm_v0 is the engine of "
           "a year "
           "later with recorded graphs, and no step is modelled as bound by launches";
  }
  std::vector<Row> rows() const override {
    const CsvFile file = measured("tests/validation/data/splitwise/perf_model_llama2-70b_tp2_tp8.csv");
    const auto at = [&](const char* name) { return file.column(name); };
    std::map<std::string, std::unique_ptr<Machine>> machines;
    std::vector<Row> all;
    file.each_row([&](CsvRow& row) {
      const std::string platform = row.text(at("hardware")) == "h100-80gb" ? "hgx_h100_x1" : "hgx_a100_x1";
      const int64_t tp = row.whole(at("tensor_parallel"), 1, 8);
      std::unique_ptr<Machine>& machine = machines[fmt::format("{} {}", platform, tp)];
      if (!machine) machine = std::make_unique<Machine>(platform, tp);
      const double prompt = row.number(at("prompt_size")), output = row.number(at("token_size"));
      const int64_t sequences = row.whole(at("batch_size"), 1, 1024);
      const auto b = static_cast<double>(sequences);
      const std::string& gpu = machine->cluster.node().gpu.name;
      model::Batch prefill;
      prefill.chunks.assign(static_cast<size_t>(sequences), {prompt, 0.0});
      prefill.finished_prompts = sequences;
      all.push_back({gpu, fmt::format("prefill TP{}", tp), token_class(b * prompt),
                     machine->seconds(prefill, 0.0), row.number(at("prompt_time_ms")) * 1e-3});
      model::Batch decode;
      decode.decoding = sequences;
      // The mean context over the output.
      all.push_back({gpu, fmt::format("decode TP{}", tp), token_class(b),
                     machine->seconds(decode, b * (prompt + 0.5 * output)),
                     row.number(at("token_time_ms")) * 1e-3});
    });
    return all;
  }
};

const Tables::Entry entry{"splitwise", "steps of Llama-2-70B, vLLM of 2023 (Splitwise)",
                          [] { return std::make_unique<Splitwise>(); }};

}  // namespace
}  // namespace agentsim::fidelity
