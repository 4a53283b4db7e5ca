#include "sim/model/op_time.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/contract.hpp"
#include "sim/model/llm.hpp"

namespace agentsim::model {
namespace {

double norm4(double a, double b) {
  const double a2 = a * a;
  const double b2 = b * b;
  return std::sqrt(std::sqrt(a2 * a2 + b2 * b2));
}

double waves(double x, double quantisation) {
  if (x <= 1.0) return 1.0;
  return (1.0 - quantisation) * x + quantisation * std::ceil(x - 1e-9);
}

template <class Map>
const typename Map::mapped_type& constants(const Map& by_dtype, const std::string& dtype, const char* op,
                                           const Accelerator& gpu) {
  const auto found = by_dtype.find(dtype);
  AGENTSIM_CONTRACT(found != by_dtype.end(), "the gpu {} has no {} constants for {}", gpu.name, op, dtype);
  return found->second;
}

}  // namespace

double gemm_s(const Accelerator& gpu, const std::string& dtype, double m, double n, double k, bool fused) {
  const platform::GemmEfficiency& e = constants(gpu.efficiency.gemm, dtype, "gemm", gpu);
  const auto sms = static_cast<double>(gpu.sm_count);
  const double sm_rate = gpu.peak_flops(dtype) / sms * e.compute;
  const double bandwidth = gpu.memory_bytes_per_s * e.memory;
  constexpr double kLargest = 256.0 * 128.0 / (256.0 + 128.0);
  const double largest_shape = kLargest / (kLargest + e.tile_half);
  double work = std::numeric_limits<double>::infinity();
  for (const platform::Tile& tile : e.tiles) {
    const double intensity = tile.m * tile.n / (tile.m + tile.n);
    const double rate = sm_rate * (intensity / (intensity + e.tile_half)) / largest_shape;
    const double tiles = std::ceil(m / tile.m) * std::ceil(n / tile.n);
    for (int64_t s = 1; s <= e.split_k; s *= 2) {
      const auto split = static_cast<double>(s);
      const double reduce = s == 1 ? 0.0 : 8.0 * split * m * n / bandwidth;
      const double one_wave = 2.0 * tile.m * tile.n * std::ceil(k / split) / rate + e.wave_s;
      work = std::min(work, waves(tiles * split / sms, e.quantisation) * one_wave + reduce);
    }
  }
  const double move = e.ramp_s + ((m + n) * k * dtype_bytes(dtype) + 2.0 * m * n) / bandwidth;
  double t = e.launch_s + norm4(work, move);
  if (e.quantise.memory > 0.0) {
    const platform::Quantise& q = fused && gpu.quantise_fused.memory > 0.0 ? gpu.quantise_fused : e.quantise;
    t += q.launch_s + 3.0 * m * k / (gpu.memory_bytes_per_s * q.memory);
  }
  return t;
}

double prefill_attention_s(const Accelerator& gpu, const AttentionShape& shape,
                           const std::vector<Chunk>& chunks) {
  if (chunks.empty()) return 0.0;
  const auto& e = constants(gpu.efficiency.prefill_attention, shape.kv_dtype, "prefill_attention", gpu);
  const auto sms = static_cast<double>(gpu.sm_count);
  const double h = shape.heads;
  const double g = shape.kv_heads;
  const double d = shape.head_dim;
  const double kv_size = dtype_bytes(shape.kv_dtype);
  double tiles = 0.0, tile_keys = 0.0, longest = 0.0, moved = 0.0, stored = 0.0;
  for (const Chunk& chunk : chunks) {
    const double c = chunk.tokens;
    const double chunk_tiles = e.pack_heads ? g * std::ceil(c * h / g / e.tile) : h * std::ceil(c / e.tile);
    tiles += chunk_tiles;
    tile_keys += chunk_tiles * (chunk.cached + (c + e.tile) / 2.0 + e.tile_overhead);
    longest = std::max(longest, chunk.cached + c + e.tile_overhead);
    moved += 4.0 * c * h * d + 2.0 * (chunk.cached + c) * g * d * kv_size;
    stored += 2.0 * c * g * d * (2.0 + kv_size);
  }
  const double unit = 4.0 * e.tile * d / (gpu.peak.bf16 / sms * e.compute);
  double work = std::numeric_limits<double>::infinity();
  for (int64_t s = 1; s <= e.split_kv; s *= 2) {
    const auto split = static_cast<double>(s);
    const double busy = waves(tiles * split / sms, e.quantisation) * tile_keys / tiles;
    work = std::min(work, std::max(busy, longest) * unit / split);
  }
  const double move = e.ramp_s + moved / (gpu.memory_bytes_per_s * e.memory);
  double t = e.launch_s + norm4(work, move);
  if (e.cache_memory > 0.0) t += stored / (gpu.memory_bytes_per_s * e.cache_memory);
  return t;
}

Affine decode_attention_s(const Accelerator& gpu, const AttentionShape& shape, double sequences) {
  if (sequences <= 0.0) return {};
  const auto& e = constants(gpu.efficiency.decode_attention, shape.kv_dtype, "decode_attention", gpu);
  const double g = shape.kv_heads;
  const double stream =
      std::min(gpu.memory_bytes_per_s * e.memory,
               e.head_stream_bytes_per_s * g * std::max(1.0, sequences / e.head_stream_batch));
  const double crowded = std::max(0.0, sequences * g - static_cast<double>(gpu.sm_count));
  return {e.launch_s + e.per_sequence_s * crowded,
          2.0 * g * shape.head_dim * dtype_bytes(shape.kv_dtype) / stream};
}

double elementwise_s(const Accelerator& gpu, double bytes) {
  const platform::ElementwiseEfficiency& e = gpu.efficiency.elementwise;
  return e.launch_s + std::min(bytes, gpu.l2_bytes) / (gpu.memory_bytes_per_s * e.cached) +
         std::max(0.0, bytes - gpu.l2_bytes) / (gpu.memory_bytes_per_s * e.memory);
}

}  // namespace agentsim::model
