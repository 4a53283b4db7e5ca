#include "analysis/calibration/observation.hpp"

#include <algorithm>
#include <filesystem>

#include "sim/config/library.hpp"
#include "sim/model/expert_load.hpp"
#include "sim/model/precision.hpp"

namespace agentsim::calibration {
namespace {

using platform::Accelerator;

double cache_bytes(const model::MeasuredDecode& row) {
  return 2.0 * row.sequences * row.context * row.shape.kv_heads * row.shape.head_dim *
         model::dtype_bytes(row.shape.kv_dtype);
}

}  // namespace

Observation observe(const model::MeasuredGemm& row) {
  return {Op::gemm,
          row.dtype,
          token_class(row.m),
          row.seconds,
          row.is_fitted,
          [row](const Accelerator& gpu) { return model::gemm_s(gpu, row.dtype, row.m, row.n, row.k); },
          row.file};
}

Observation observe(const model::MeasuredMoE& row) {
  const model::MoEShape shape = model::shape_of(row);
  return {Op::moe,
          row.dtype,
          token_class(row.tokens),
          row.seconds,
          row.is_fitted,
          [shape, tokens = row.tokens](const Accelerator& gpu) { return model::moe_s(gpu, shape, tokens); },
          row.file};
}

Observation observe(const model::MeasuredPrefill& row) {
  std::vector<model::Chunk> chunks(static_cast<size_t>(row.decoding), {1.0, row.context});
  chunks.insert(chunks.end(), static_cast<size_t>(row.sequences), row.chunk);
  return {Op::prefill_attention,
          row.shape.kv_dtype,
          token_class(row.sequences * row.chunk.tokens + row.decoding),
          row.seconds,
          row.is_fitted,
          [shape = row.shape, chunks](const Accelerator& gpu) {
            return model::prefill_attention_s(gpu, shape, chunks);
          },
          row.file};
}

Observation observe(const model::MeasuredDecode& row) {
  return {Op::decode_attention,
          row.shape.kv_dtype,
          cache_bytes(row) < 1e6 ? "under 1 MB" : "over 2 L2",
          row.seconds,
          row.is_fitted,
          [row](const Accelerator& gpu) {
            const model::Affine t = model::decode_attention_s(gpu, row.shape, row.sequences);
            return t.fixed_s + t.per_token_s * row.sequences * row.context;
          },
          row.file};
}

Observation observe(const model::MeasuredElementwise& row) {
  return {Op::elementwise,
          "",
          "",
          row.seconds,
          row.is_fitted,
          [bytes = row.bytes](const Accelerator& gpu) { return model::elementwise_s(gpu, bytes); },
          row.file};
}

std::string name_of(Op op) {
  switch (op) {
    case Op::gemm:
      return "gemm";
    case Op::moe:
      return "moe";
    case Op::prefill_attention:
      return "prefill_attention";
    case Op::decode_attention:
      return "decode_attention";
    case Op::elementwise:
      return "elementwise";
  }
  return "";
}

std::string token_class(double tokens) {
  return tokens <= 64.0 ? "1-64" : tokens <= 1024.0 ? "65-1024" : "over 1024";
}

std::vector<Observation> observe(const Accelerator& gpu, const model::MeasuredTable& table) {
  std::vector<Observation> all;
  const auto has_peak = [&](const std::string& dtype) { return gpu.peak_flops(dtype) > 0.0; };
  const auto add_gemms = [&](const std::vector<model::MeasuredGemm>& rows) {
    for (const model::MeasuredGemm& row : rows)
      if (row.n >= 512.0 && row.k >= 512.0 && has_peak(row.dtype)) all.push_back(observe(row));
  };
  add_gemms(table.gemm);
  for (const model::MeasuredLayer& layer : table.layers) add_gemms(layer.gemm);
  for (const model::MeasuredMoE& row : table.moe)
    if (has_peak(row.dtype)) all.push_back(observe(row));
  for (const std::string dtype : {"bf16", "fp8"}) {
    if (model::beats_peak(gpu, table, dtype)) continue;
    for (const model::MeasuredPrefill& row : table.prefill_attention)
      if (row.shape.kv_dtype == dtype && row.chunk.tokens >= 16.0) all.push_back(observe(row));
  }
  for (const model::MeasuredDecode& row : table.decode_attention) {
    const double bytes = cache_bytes(row);
    const bool streams = bytes > 2.0 * gpu.l2_bytes || bytes < 1e6;
    if (streams && row.context >= 256.0 && row.shape.heads > row.shape.kv_heads) all.push_back(observe(row));
  }
  for (const model::MeasuredElementwise& row : table.elementwise) all.push_back(observe(row));
  for (const model::MeasuredLayer& layer : table.layers)
    for (const model::MeasuredElementwise& row : layer.elementwise) all.push_back(observe(row));
  return all;
}

std::vector<std::string> shipped_tables(const std::string& gpu) {
  const std::filesystem::path folder = config::Library::root() / "platforms/measured" / gpu;
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace agentsim::calibration
