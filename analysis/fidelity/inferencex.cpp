#include <fmt/format.h>

#include <map>

#include "analysis/fidelity/served.hpp"
#include "analysis/fidelity/table.hpp"
#include "sim/model/kv_capacity.hpp"
#include "sim/scenario.hpp"

// Servers on H100 under a fixed number of users who each wait for a reply before they ask again: runs of
// InferenceX and of NVIDIA. The source does not say whether its figures are means or medians; means are
// taken.
namespace agentsim::fidelity {
namespace {

struct Model {
  std::string name;       // ours
  double shortest = 1.0;  // lengths are uniform from this share of the nominal ones; 1: all equal
};
// InferenceX draws 0.8 to 1 of the nominal lengths. NVIDIA's tool sends equal ones.
const std::map<std::string, Model> kModels{{"Qwen/Qwen3-32B", {"qwen3_32b", 1.0}},
                                           {"meta-llama/Llama-3.1-70B", {"llama_3_3_70b", 0.8}}};

struct Point {
  std::string model, backend, precision;
  double prompt = 0.0, output = 0.0, users = 0.0;
  int64_t tp = 0;
  double ttft_s = 0.0, tpot_s = 0.0;

  double e2e_s(double mean_output) const { return ttft_s + (mean_output - 1.0) * tpot_s; }
  std::string layout() const {
    return fmt::format("{} {} {} TP{}", backend, model.substr(model.find('/') + 1), precision, tp);
  }
  std::string load() const { return fmt::format("{}/{} x{}", prompt, output, users); }
};

// The preset of an engine.
std::string engine_of(const std::string& backend) {
  return backend == "trtllm" ? "trt_llm" : backend == "sglang" ? "sglang" : "vllm_v1";
}

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

// Ten requests a user, as InferenceX sends. TensorRT-LLM keeps an fp8 cache where the weights are fp8: with
// 16 bits the numbers of requests that it ran at once would not have fitted.
ServedRun run_of(const Point& p) {
  const Model& model = kModels.at(p.model);
  const auto tokens = [&](double nominal) {
    return model.shortest < 1.0
               ? fmt::format("{{uniform: {{low: {:.0f}, high: {}}}}}", model.shortest * nominal, nominal)
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
                      10.0 * p.users, tokens(p.prompt), tokens(p.output), p.users, model.name, p.precision,
                      p.backend == "trtllm" ? p.precision : "bf16", p.tp, engine_of(p.backend))};
}

// The least time of `users` requests at once, all prompts computed at the GPUs' peak and weights and cache
// read at their full bandwidth for each token. An fp8 cache is granted to fp8 weights.
double least_e2e_s(const Point& p) {
  const ServedRun run = run_of(p);
  const Scenario scenario = read_scenario(config::Value::parse(run.scenario, run.name), run.name);
  model::Deployment deployment = scenario.platforms.front().deployment;
  const platform::Accelerator& gpu = scenario.platforms.front().cluster.node().gpu;
  deployment.precision.kv = p.precision == "fp8" ? "fp8" : "bf16";
  const model::KVCapacity kv = model::kv_capacity(deployment, gpu);
  const double shortest = kModels.at(p.model).shortest;
  const double prompt = shortest * p.prompt, output = shortest * p.output;
  const double prefill_s = p.users * prompt * 2.0 * deployment.llm.matrix_parameters() /
                           (gpu.peak_flops(p.precision) * static_cast<double>(p.tp));
  const double cache = p.users * (prompt + 0.5 * output) * kv.kv_bytes_per_token;
  return prefill_s + (output - 1.0) * (kv.weight_bytes + cache) / gpu.memory_bytes_per_s;
}

// Empty: it can be simulated.
std::string why_not(const Point& p) {
  if (kModels.count(p.model) == 0) return "a mixture of experts with mxfp4 weights";
  if (p.e2e_s(p.output) < least_e2e_s(p))
    return "faster than peak FLOP/s and memory bandwidth allow, so prompts were shared or tokens guessed";
  return "";
}

std::string users_class(double users) {
  return users <= 16.0 ? "1-16 users" : users <= 64.0 ? "17-64 users" : "over 64 users";
}

class InferenceX : public Table {
 public:
  std::string judged_on() const override { return "all rows that can be simulated; no fit reads them"; }
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
                        measured, p.load()});
      };
      add("TPOT", figures[i].mean_tpot_s, p.tpot_s);
      add("TTFT", figures[i].mean_ttft_s, p.ttft_s);
      add("E2E", figures[i].mean_e2e_s, p.e2e_s(0.5 * (1.0 + kModels.at(p.model).shortest) * p.output));
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
