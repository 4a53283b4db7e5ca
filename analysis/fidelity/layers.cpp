#include <map>

#include "analysis/fidelity/table.hpp"
#include "sim/config/library.hpp"
#include "sim/model/measured_table.hpp"
#include "sim/model/op_time.hpp"

// Layers of whole models, which no fit of matrices or attention has read.
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

// Llama-3.1-8B: 32 heads, 8 KV heads of 128, width 4096, inner width 14336.
class ServingDense : public Table {
 public:
  std::string judged_on() const override { return "all rows of matrices; no fit of matrices reads them"; }
  std::vector<Target> targets() const override { return {{0.10, 0.0, {}}}; }
  std::vector<Row> rows() const override {
    const platform::Accelerator gpu = gpu_named("rtx_pro_6000_server");
    const std::map<std::string, std::pair<double, double>> shapes{{"qkv_proj", {6144, 4096}},
                                                                  {"o_proj", {4096, 4096}},
                                                                  {"gate_up_proj", {28672, 4096}},
                                                                  {"down_proj", {4096, 14336}}};
    std::vector<Row> all;
    measured("tests/validation/data/llmservingsim/rtxpro6000_llama3.1-8b_bf16_tp1_dense.csv.gz")
        .each_row([&](CsvRow& row) {
          const auto shape = shapes.find(std::string(row.text(0)));
          if (shape == shapes.end()) return;
          const double m = row.number(1);
          all.push_back({gpu.name, shape->first, token_class(m),
                         model::gemm_s(gpu, "bf16", m, shape->second.first, shape->second.second),
                         row.number(2) * 1e-6});
        });
    return all;
  }
};

class ServingAttention : public Table {
 public:
  std::string judged_on() const override { return "all rows; no fit of attention reads them"; }
  std::vector<Target> targets() const override { return {{0.10, 0.0, {}}}; }
  std::vector<Row> rows() const override {
    const platform::Accelerator gpu = gpu_named("rtx_pro_6000_server");
    model::AttentionShape shape;
    shape.heads = 32;
    shape.kv_heads = 8;
    shape.head_dim = 128;
    shape.kv_dtype = "bf16";
    std::vector<Row> all;
    measured("tests/validation/data/llmservingsim/rtxpro6000_llama3.1-8b_bf16_tp1_attention.csv.gz")
        .each_row([&](CsvRow& row) {
          const double chunk = row.number(0), cached = row.number(1), decoding = row.number(2),
                       keys = row.number(3);
          double predicted = 0.0;
          if (chunk > 0.0) {  // one kernel for all, as StepTime does where the curve says joins_decode
            std::vector<model::Chunk> chunks(static_cast<size_t>(decoding), {1.0, keys});
            chunks.push_back({chunk, cached});
            predicted = model::prefill_attention_s(gpu, shape, chunks);
          } else {
            const model::Affine t = model::decode_attention_s(gpu, shape, decoding);
            predicted = t.fixed_s + t.per_token_s * decoding * keys;
          }
          const std::string op = chunk <= 0.0 ? "decode" : decoding > 0.0 ? "mixed" : "prefill";
          all.push_back(
              {gpu.name, "attention, " + op, token_class(chunk + decoding), predicted, row.number(4) * 1e-6});
        });
    return all;
  }
};

// Qwen3-30B-A3B: 128 experts of 768, eight a token, width 2048.
class ServingExperts : public Table {
 public:
  std::string judged_on() const override { return "all rows; no fit of experts reads them"; }
  std::string reason() const override {
    return "the curve is fitted on vLLM 0.14, which takes slower tiles once there are more tokens than "
           "experts; this vLLM 0.19 "
           "does not, and is 1.3 times as fast there. Up to 128 tokens the median error is 8 %";
  }
  std::vector<Target> targets() const override { return {{0.10, 0.0, {}}}; }
  std::vector<Row> rows() const override {
    const platform::Accelerator gpu = gpu_named("rtx_pro_6000_server");
    model::MoEShape shape;
    shape.hidden = 2048;
    shape.inter = 768;
    shape.experts = 128;
    shape.topk = 8;
    std::vector<Row> all;
    const CsvFile file =
        measured("tests/validation/data/llmservingsim/rtxpro6000_qwen3-30b-a3b_bf16_tp1_moe.csv.gz");
    file.each_row([&](CsvRow& row) {
      const double tokens = row.number(file.column("tokens"));
      shape.touched = row.number(file.column("activated_experts"));
      all.push_back({gpu.name, "experts", token_class(tokens), model::moe_s(gpu, shape, tokens),
                     row.number(file.column("time_us")) * 1e-6});
    });
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
