#include <map>

#include "analysis/calibration/observation.hpp"
#include "analysis/fidelity/table.hpp"
#include "sim/config/library.hpp"

// Kernels of whole models.
namespace agentsim::fidelity {
namespace {

// The four matrices of a layer of Llama-2 (FP16, which runs as bf16 does), one GPU of `tp`. Vidur's libraries of 2024 are
// others than those of the shipped curves, so they are calibrated as a user would calibrate his own.
class VidurMatrices : public Table {
 public:
  std::string judged_on() const override {
    return "the half of the rows that the curves of tests/validation/data/vidur, which `agentsim calibrate` "
           "fitted on the other half, have not read; the shipped curves, which have read no row of Vidur, "
           "are told "
           "on the same half and not judged";
  }
  std::vector<Target> targets() const override { return {{0.08, 0.0, {kCalibrated}}}; }
  std::vector<Row> rows() const override {
    std::vector<Row> all;
    for (const auto& [device, name] : std::vector<std::pair<std::string, std::string>>{
             {"h100", "h100_sxm"}, {"a100", "a100_sxm_80gb"}, {"a40", "a40"}}) {
      model::MeasuredTable table;
      model::read_measured((config::Library::root() / "tests/validation/data/vidur/mlp.csv.gz").string(),
                           table, device);
      const std::vector<std::pair<const char*, platform::Accelerator>> curves{
          {kCalibrated, gpu_named("tests/validation/data/vidur/" + name + ".yaml")},
          {"matrices of a layer, shipped curves", gpu_named(name)}};
      for (const model::MeasuredLayer& layer : table.layers)
        if (!layer.is_fitted)
          for (const auto& [op, gpu] : curves) all.push_back(row_of(layer, gpu, op));
    }
    return all;
  }

 private:
  static constexpr const char* kCalibrated = "calibrated matrices of a layer";

  static Row row_of(const model::MeasuredLayer& layer, const platform::Accelerator& gpu, const char* op) {
    Row row{gpu.name, op, token_class(layer.gemm.front().m)};
    for (const model::MeasuredGemm& product : layer.gemm) {
      row.predicted += model::gemm_s(gpu, product.dtype, product.m, product.n, product.k);
      row.measured += product.seconds;
    }
    return row;
  }
};

const char* const kServingGPU = "rtx_pro_6000_server";

// The project's table of a kernel and a model on that GPU.
model::MeasuredTable serving_table(const std::string& name) {
  model::MeasuredTable table;
  const std::string folder = std::string("platforms/measured/") + kServingGPU;
  model::read_measured((config::Library::root() / folder / (name + ".csv.gz")).string(), table);
  return table;
}

Row judged(const platform::Accelerator& gpu, const std::string& op, const calibration::Observation& row) {
  return {gpu.name, op, row.size, row.predict(gpu), row.measured_s};
}

// Llama-3.1-8B: 32 heads, 8 KV heads of 128, width 4096, inner width 14336.
class ServingDense : public Table {
 public:
  std::string judged_on() const override { return "held-out half; the fit of matrices reads the other"; }
  std::vector<Target> targets() const override { return {{0.10, 0.0, {}}}; }
  std::vector<Row> rows() const override {
    const platform::Accelerator gpu = gpu_named(kServingGPU);
    const std::map<std::pair<double, double>, std::string> layers{{{6144, 4096}, "qkv_proj"},
                                                                  {{4096, 4096}, "o_proj"},
                                                                  {{28672, 4096}, "gate_up_proj"},
                                                                  {{4096, 14336}, "down_proj"}};
    std::vector<Row> all;
    for (const model::MeasuredGemm& row : serving_table("gemm_llama3.1-8b").gemm)
      if (!row.is_fitted) all.push_back(judged(gpu, layers.at({row.n, row.k}), calibration::observe(row)));
    return all;
  }
};

class ServingAttention : public Table {
 public:
  std::string judged_on() const override {
    return "held-out half of steps with a prompt, of which the fit of attention reads the other; all steps "
           "of decodes "
           "alone, which no fit reads";
  }
  std::vector<Target> targets() const override { return {{0.10, 0.0, {}}}; }
  std::vector<Row> rows() const override {
    const platform::Accelerator gpu = gpu_named(kServingGPU);
    std::vector<Row> all;
    for (const model::MeasuredPrefill& row : serving_table("prefill_attention_llama3.1-8b").prefill_attention)
      if (!row.is_fitted)
        all.push_back(judged(gpu, row.decoding > 0.0 ? "attention, mixed" : "attention, prefill",
                             calibration::observe(row)));
    model::AttentionShape shape;
    shape.heads = 32;
    shape.kv_heads = 8;
    shape.head_dim = 128;
    shape.kv_dtype = "bf16";
    measured("tests/validation/data/llmservingsim/rtxpro6000_llama3.1-8b_bf16_tp1_decode.csv.gz")
        .each_row([&](CsvRow& row) {
          const double decoding = row.number(0), keys = row.number(1);
          const model::Affine t = model::decode_attention_s(gpu, shape, decoding);
          all.push_back({gpu.name, "attention, decode", token_class(decoding),
                         t.fixed_s + t.per_token_s * decoding * keys, row.number(2) * 1e-6});
        });
    return all;
  }
};

// Qwen3-30B-A3B: 128 experts of 768, eight a token, width 2048.
class ServingExperts : public Table {
 public:
  std::string judged_on() const override {
    return "held-out half; the fit of experts reads the other for the tiles that vLLM 0.19 takes (all_tuned)";
  }
  std::vector<Target> targets() const override { return {{0.10, 0.0, {}}}; }
  std::vector<Row> rows() const override {
    const platform::Accelerator gpu = gpu_named(kServingGPU);
    std::vector<Row> all;
    for (const model::MeasuredMoE& row : serving_table("moe_qwen3-30b-a3b").moe)
      if (!row.is_fitted) all.push_back(judged(gpu, "experts", calibration::observe(row)));
    return all;
  }
};

const Tables::Entry experts{"llmservingsim_moe", "experts of Qwen3-30B-A3B in vLLM 0.19 (LLMServingSim)",
                            [] { return std::make_unique<ServingExperts>(); }};
const Tables::Entry vidur{"vidur_mlp", "matrices of Llama-2 layers (Vidur)",
                          [] { return std::make_unique<VidurMatrices>(); }};
const Tables::Entry dense{"llmservingsim_dense", "matrices of Llama-3.1-8B in vLLM 0.19 (LLMServingSim)",
                          [] { return std::make_unique<ServingDense>(); }};
const Tables::Entry attention{"llmservingsim_attention",
                              "attention of Llama-3.1-8B in vLLM 0.19 (LLMServingSim)",
                              [] { return std::make_unique<ServingAttention>(); }};

}  // namespace
}  // namespace agentsim::fidelity
