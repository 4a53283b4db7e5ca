#include <fmt/format.h>

#include <cmath>
#include <map>

#include "analysis/fidelity/served.hpp"
#include "analysis/fidelity/table.hpp"
#include "sim/base/halves.hpp"
#include "sim/model/kv_capacity.hpp"
#include "sim/scenario.hpp"

// Servers on H100 under a fixed number of users who each wait for a reply before they ask again: runs of
// InferenceX and of NVIDIA. The source does not say whether its figures are means or medians; means are
// taken.
namespace agentsim::fidelity {
namespace {

const std::map<std::string, std::string> kModels{{"Qwen/Qwen3-32B", "qwen3_32b"},
                                                 {"meta-llama/Llama-3.1-70B", "llama_3_3_70b"},
                                                 {"openai/gpt-oss-120b", "gpt_oss_120b"}};

struct Point {
  std::string model, backend, precision;
  double prompt = 0.0, output = 0.0, users = 0.0;
  int64_t tp = 0;
  double ttft_s = 0.0, tpot_s = 0.0;
  // A run of NVIDIA's; the others are InferenceX's.
  bool is_nvidia() const { return model == "Qwen/Qwen3-32B"; }
  // Lengths are uniform from this share of the nominal ones.
  double shortest() const { return is_nvidia() ? 1.0 : 0.8; }

  double e2e_s(double mean_output) const { return ttft_s + (mean_output - 1.0) * tpot_s; }
  std::string weights() const { return precision == "fp4" ? "mxfp4" : precision; }
  // Repeated measurements of one load stand in one half.
  bool is_fitted() const { return even_hash(model, backend, precision, tp, prompt, output, users); }
  std::string layout() const {
    return fmt::format("{} {} {} TP{}", backend, model.substr(model.find('/') + 1), precision, tp);
  }
  std::string load() const { return fmt::format("{}/{} x{}", prompt, output, users); }
};

std::vector<Point> read_points() {
  const CsvFile file = measured("tests/validation/data/inferencex/inferencex_h100_subset.csv");
  const auto at = [&](const char* name) { return file.column(name); };
  std::vector<Point> points;
  file.each_row([&](CsvRow& row) {
    Point p;
    p.model = row.text(at("model_path"));
    p.backend = row.text(at("backend"));
    p.precision = row.text(at("precision"));
    if (p.precision.empty()) p.precision = "bf16";
    p.prompt = row.number(at("isl"));
    p.output = row.number(at("osl"));
    p.users = row.number(at("concurrency"));
    p.tp = row.whole(at("tp_size"), 1, 8);
    p.ttft_s = row.number(at("ttft_ms")) * 1e-3;
    p.tpot_s = row.number(at("tpot_ms")) * 1e-3;
    points.push_back(std::move(p));
  });
  return points;
}

// NVIDIA's runs were set up by its own tool (aiconfigurator, generator/rule_plugin/benchmark/*.rule and
// config/backend_templates/benchmark/bench_run.sh.j2): behind the Dynamo frontend, every answer of full length, and a
// step of vLLM and TensorRT-LLM takes 1,500 tokens beside a prompt and the 128 sequences.
std::string engine_of(const Point& p) {
  if (p.backend == "sglang") return "sglang";
  const char* const preset = p.backend == "trtllm" ? "trt_llm_dynamo"
                             : p.is_nvidia()       ? "vllm_v1_dynamo"
                                                   : "vllm_v1";
  return p.is_nvidia() ? fmt::format("{{preset: {}, token_budget: {:.0f}}}", preset, p.prompt + 1628.0)
                       : preset;
}

// Ten requests a user, as InferenceX sends. TensorRT-LLM keeps an fp8 cache where the weights are fp8: with
// 16 bits the numbers of requests that it ran at once would not have fitted.
ServedRun run_of(const Point& p) {
  const auto tokens = [&](double nominal) {
    return p.shortest() < 1.0
               ? fmt::format("{{uniform: {{low: {:.0f}, high: {}}}}}", p.shortest() * nominal, nominal)
               : fmt::format("{}", nominal);
  };
  return {fmt::format("{} {}", p.layout(), p.load()),
          fmt::format(R"(
workload:
  source: single_call
  sessions: {}
  single_call: {{prompt: {}, output: {}}}
  arrival: {{kind: closed, concurrency: {}}}
deployment:
  model: {}
  precision: {{weights: {}, kv: {}}}
  tp: {}
  replicas: 1
  engine: {}
platforms: [hgx_h100_x1]
)",
                      10.0 * p.users, tokens(p.prompt), tokens(p.output), p.users, kModels.at(p.model),
                      p.weights(), p.backend == "trtllm" ? p.precision : "bf16", p.tp, engine_of(p))};
}

// Requests that decode at once, by the times that were measured.
double decoding(const Point& p) {
  return p.users * (1.0 - p.ttft_s / p.e2e_s(p.shortest() * p.output));
}

// The share of the weights that a decode step reads at least: experts which nobody visits are not read.
double least_weights(const Point& p, const model::LLM& llm) {
  const double experts = llm.expert_parameters() / llm.matrix_parameters();
  if (experts == 0.0) return 1.0;
  const double visited = static_cast<double>(llm.experts.per_token) / static_cast<double>(llm.experts.count);
  return 1.0 - experts * std::pow(1.0 - visited, decoding(p));
}

struct Least {
  double prefill_s = 0.0;  // of all users' prompts, at the GPUs' peak
  double step_s = 0.0;     // weights and cache at their full bandwidth
};

// What no engine can be faster than. An fp8 cache is granted to fp8 weights.
Least least(const Point& p) {
  const ServedRun run = run_of(p);
  const Scenario scenario = read_scenario(config::Value::parse(run.scenario, run.name), run.name);
  model::Deployment deployment = scenario.platforms.front().deployment;
  const platform::Accelerator& gpu = scenario.platforms.front().cluster.node().gpu;
  deployment.precision.kv = p.precision == "fp8" ? "fp8" : "bf16";
  const model::KVCapacity kv = model::kv_capacity(deployment, gpu);
  const double prompt = p.shortest() * p.prompt, output = p.shortest() * p.output;
  const double flop = p.users * prompt * 2.0 * deployment.llm.active_matrix_parameters();
  const double read = least_weights(p, deployment.llm) * kv.weight_bytes +
                      decoding(p) * (prompt + 0.5 * output) * kv.kv_bytes_per_token;
  const double peak = gpu.peak_flops(p.precision == "fp8" ? "fp8" : "bf16") * static_cast<double>(p.tp);
  return {flop / peak, read / gpu.memory_bytes_per_s};
}

// Empty: it can be simulated.
std::string why_not(const Point& p) {
  if (p.prompt == 4000.0)
    return "of a series of which two in six are faster than peak FLOP/s and memory bandwidth allow";
  if (p.users > 256.0)
    return "about 92 calls ran at once by a limit that is not said, each faster than with 64 users";
  const Least at_least = least(p);
  const double output = p.shortest() * p.output;
  if (p.tpot_s < at_least.step_s || p.e2e_s(output) < at_least.prefill_s + (output - 1.0) * at_least.step_s)
    return "faster than peak FLOP/s and memory bandwidth allow, so prompts were shared or tokens guessed";
  return "";
}

std::string users_class(double users) {
  return users <= 16.0 ? "1-16 users" : users <= 64.0 ? "17-64 users" : "over 64 users";
}

class InferenceX : public Table {
 public:
  std::string judged_on() const override {
    return "held-out half of the loads that can be simulated; the other half fitted the host overheads of "
           "the engines";
  }
  std::string reason() const override {
    return "SGLang on one GPU ran about five of 16 calls at once by its own times, so its cache held 6,000 "
           "to 7,000 tokens, a "
           "third of what its rule gives; what took the rest is not said";
  }
  std::vector<Target> targets() const override { return {{0.12, 0.0, {"TPOT"}}}; }
  std::vector<Row> rows() const override {
    std::vector<Point> points;
    std::vector<ServedRun> runs;
    for (Point& p : read_points()) {
      if (!why_not(p).empty()) continue;
      runs.push_back(run_of(p));
      points.push_back(std::move(p));
    }
    const std::vector<ServedFigures> figures = serve(runs);
    std::vector<Row> rows;
    for (size_t i = 0; i < points.size(); ++i) {
      const Point& p = points[i];
      const auto add = [&](const char* what, double predicted, double measured) {
        rows.push_back({"h100_sxm", fmt::format("{} {}", what, p.layout()), users_class(p.users), predicted,
                        measured, p.load(), p.is_fitted()});
      };
      add("TPOT", figures[i].mean_tpot_s, p.tpot_s);
      add("TTFT", figures[i].mean_ttft_s, p.ttft_s);
      add("E2E", figures[i].mean_e2e_s, p.e2e_s(0.5 * (1.0 + p.shortest()) * p.output));
    }
    return rows;
  }
  std::vector<LeftOut> left_out() const override {
    std::map<std::pair<std::string, std::string>, size_t> counts;
    for (const Point& p : read_points())
      if (const std::string reason = why_not(p); !reason.empty()) ++counts[{p.layout(), reason}];
    std::vector<LeftOut> all;
    for (const auto& [key, rows] : counts) all.push_back({key.first, key.second, rows});
    return all;
  }
};

const Tables::Entry entry{"inferencex", "servers on H100 by concurrent users (InferenceX, NVIDIA)",
                          [] { return std::make_unique<InferenceX>(); }};

}  // namespace
}  // namespace agentsim::fidelity
