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

// By the curve of the GEMM, with rows padded to the smallest tile of the tensor cores.
double moe_by_gemm_s(const Accelerator& gpu, const MoEShape& shape, double tokens) {
  const platform::GemmEfficiency& e = constants(gpu.efficiency.gemm, shape.dtype, "gemm", gpu);
  const double size = dtype_bytes(shape.dtype);
  const double weight_size = shape.weight_bytes > 0.0 ? shape.weight_bytes : size;
  const double matrices = shape.gated ? 3.0 : 2.0;
  const double rows = tokens * shape.topk;
  constexpr double kRows = 16.0;  // of the smallest tile of the tensor cores
  const double padded = shape.touched * std::ceil(rows * shape.skew / shape.touched / kRows) * kRows;
  const double work =
      2.0 * padded * matrices * shape.hidden * shape.inter / (gpu.peak_flops(shape.dtype) * e.compute);
  const double bytes = shape.touched * matrices * shape.hidden * shape.inter * weight_size +
                       rows * (2.0 * shape.hidden * size + (matrices + 1.0) * shape.inter * 2.0);
  const double move = e.ramp_s + bytes / (gpu.memory_bytes_per_s * e.memory);
  // Sorting the tokens by expert, the activation between the products, and the weighted sum.
  const double around = 2.0 * elementwise_s(gpu, rows * 4.0) +
                        elementwise_s(gpu, rows * matrices * shape.inter * 2.0) +
                        elementwise_s(gpu, (rows + tokens) * shape.hidden * 2.0);
  return 2.0 * e.launch_s + norm4(work, move) + around;
}

// Seconds per byte of operands of which a repeated benchmark finds some in the L2.
double seconds_a_byte(const Accelerator& gpu, const platform::Warm& warm, double memory, double bytes,
                      bool is_repeated) {
  const double cold = 1.0 / (gpu.memory_bytes_per_s * memory);
  if (!is_repeated || warm.l2 <= 0.0) return cold;
  const double share = std::clamp(3.0 - 2.0 * bytes / (warm.l2 * gpu.l2_bytes), 0.0, 1.0);
  return (1.0 - share) * cold + share / (gpu.memory_bytes_per_s * warm.memory);
}

double quantise_s(const Accelerator& gpu, const platform::Quantise& q, double bytes) {
  const double in_l2 = std::min(bytes, q.l2 * gpu.l2_bytes);
  return q.launch_s + in_l2 / (gpu.memory_bytes_per_s * q.cached) +
         (bytes - in_l2) / (gpu.memory_bytes_per_s * q.memory);
}

// Multiplying, by the tile of the first rule that fits, else by the fastest tile and split of the inner dimension.
double gemm_work_s(const Accelerator& gpu, const platform::GemmEfficiency& e, double peak, double m, double n,
                   double k) {
  const auto sms = static_cast<double>(gpu.sm_count);
  constexpr double kLargest = 256.0 * 128.0 / (256.0 + 128.0);
  const double rate = peak / sms * e.compute * ((kLargest + e.tile_half) / kLargest);
  double work = std::numeric_limits<double>::infinity();
  const auto consider = [&](const platform::Tile& tile) {
    const double area = tile.m * tile.n;
    const double intensity = area / (tile.m + tile.n);
    const double flop_s = 2.0 * area / (rate * (intensity / (intensity + e.tile_half)));
    const double wave_s = e.wave_s * area / (128.0 * 128.0);
    const double tiles = std::ceil(m / tile.m) * std::ceil(n / tile.n);
    for (int64_t s = 1; s <= e.split_k; s *= 2) {
      const auto split = static_cast<double>(s);
      const double reduce = s == 1 ? 0.0 : 8.0 * split * m * n / (gpu.memory_bytes_per_s * e.reduce);
      const double one_wave = flop_s * std::ceil(k / split) + wave_s;
      work = std::min(work, waves(tiles * split / sms, e.quantisation) * one_wave + reduce);
    }
  };
  for (const platform::TileRule& rule : e.rules) {
    if (m > rule.m || n > rule.n) continue;
    consider(rule.tile);
    return work;
  }
  for (const platform::Tile& tile : e.tiles) consider(tile);
  return work;
}

double fitted_gemm_s(const Accelerator& gpu, const std::string& dtype, double m, double n, double k,
                     bool fused, double weight_bytes) {
  const platform::GemmEfficiency& e = constants(gpu.efficiency.gemm, dtype, "gemm", gpu);
  const double work = gemm_work_s(gpu, e, gpu.peak_flops(dtype), m, n, k);
  const double operands = weight_bytes > 0.0 ? m * k * dtype_bytes(dtype) + n * k * weight_bytes
                                             : (m + n) * k * dtype_bytes(dtype);
  const double moved = operands + 2.0 * m * n;
  const double t =
      e.launch_s + norm4(work, e.ramp_s + moved * seconds_a_byte(gpu, e.warm, e.memory, moved, !fused));
  if (e.quantise.memory <= 0.0) return t;
  return t + quantise_s(gpu, fused && gpu.quantise_fused.memory > 0.0 ? gpu.quantise_fused : e.quantise,
                        3.0 * m * k);
}

}  // namespace

double gemm_s(const Accelerator& gpu, const std::string& dtype, double m, double n, double k, bool fused,
              double weight_bytes) {
  const double fitted = fitted_gemm_s(gpu, dtype, m, n, k, fused, weight_bytes);
  return gpu.gemm_correction ? fitted * gpu.gemm_correction(dtype, m, n, k) : fitted;
}

double moe_s(const Accelerator& gpu, const MoEShape& shape, double tokens) {
  if (tokens <= 0.0 || shape.touched <= 0.0) return 0.0;
  auto found = gpu.efficiency.moe.find(shape.kept);
  if (found == gpu.efficiency.moe.end()) found = gpu.efficiency.moe.find(shape.dtype);
  if (found == gpu.efficiency.moe.end()) return moe_by_gemm_s(gpu, shape, tokens);
  const platform::MoEEfficiency& e = found->second;
  const bool many = tokens > shape.experts;
  const bool listed = std::any_of(e.tuned.begin(), e.tuned.end(), [&](const platform::ExpertsShape& known) {
    return known.experts == shape.experts && known.inter == shape.inter;
  });
  const bool tuned = listed || (e.all_tuned && !shape.is_older);
  const double compute = tuned ? e.tuned_compute : many ? e.compute_many : e.compute;
  const double memory = tuned ? e.tuned_memory : many ? e.memory_many : e.memory;
  const auto sms = static_cast<double>(gpu.sm_count);
  const double rate = gpu.peak_flops(shape.dtype) / sms * compute;
  const double size = shape.weight_bytes > 0.0 ? shape.weight_bytes : dtype_bytes(shape.dtype);
  const double rows = tokens * shape.topk * shape.skew;
  const double up = shape.gated ? 2.0 : 1.0;
  const double visits = shape.visits > 0.0 ? shape.visits : shape.topk;
  const double around = tokens * visits * 4.0 * (shape.hidden + 2.0 * shape.inter);
  const double weights = shape.touched * (up + 1.0) * shape.hidden * shape.inter * size;
  const double byte_s = seconds_a_byte(gpu, e.warm, memory, weights + 0.5 * around, shape.is_repeated);
  const auto work = [&](double tile, double n, double k) {
    const double tiles = std::max(shape.touched, rows / tile + shape.touched * (tile - 1.0) / (2.0 * tile));
    const double x = tiles * std::max(1.0, n / e.columns) / sms;
    return std::max(1.0, x) * 2.0 * tile * std::min(n, e.columns) * k / rate;
  };
  const auto product = [&](double n, double k) {
    const double multiply = tuned ? std::min({work(16.0, n, k), work(64.0, n, k), work(128.0, n, k)})
                                  : work(many ? e.tile_many : e.tile, n, k);
    return norm4(multiply, shape.touched * n * k * size * byte_s);
  };
  const double in_l2 = std::min(around, gpu.l2_bytes);
  return e.launch_s + product(up * shape.inter, shape.hidden) + product(shape.hidden, shape.inter) +
         in_l2 / (gpu.memory_bytes_per_s * e.around_cached) +
         (around - in_l2) / (gpu.memory_bytes_per_s * e.around);
}

double prefill_attention_s(const Accelerator& gpu, const AttentionShape& shape,
                           const std::vector<Chunk>& chunks) {
  if (chunks.empty()) return 0.0;
  const auto& e = constants(gpu.efficiency.prefill_attention, shape.kv_dtype, "prefill_attention", gpu);
  const auto sms = static_cast<double>(gpu.sm_count);
  const double h = shape.heads;
  const double g = shape.kv_heads;
  const double d = shape.head_dim;
  const double v = shape.value_dim > 0.0 ? shape.value_dim : d;
  const double kv_size = dtype_bytes(shape.kv_dtype);
  double tiles = 0.0, tile_keys = 0.0, longest = 0.0, written = 0.0, head_cache = 0.0, stored = 0.0,
         tokens = 0.0;
  for (const Chunk& chunk : chunks) {
    const double c = chunk.tokens;
    const double chunk_tiles = e.pack_heads ? g * std::ceil(c * h / g / e.tile) : h * std::ceil(c / e.tile);
    tiles += chunk_tiles;
    double keys = chunk.cached + (c + e.tile) / 2.0;
    double reach = chunk.cached + c;
    double read = chunk.cached + c;
    if (shape.window > 0.0 && reach > shape.window) {
      // The first `growing` queries see all that is before them, the others the window.
      const double growing = std::max(0.0, shape.window - chunk.cached);
      const double pairs = growing * (chunk.cached + (growing + 1.0) / 2.0) + (c - growing) * shape.window;
      keys = pairs / c + (e.tile - 1.0) / 2.0;
      reach = shape.window + e.tile;
      read = std::min(chunk.cached, shape.window) + c;
    }
    tile_keys += chunk_tiles * (keys + e.tile_overhead);
    longest = std::max(longest, reach + e.tile_overhead);
    written += 2.0 * c * h * (d + v);
    head_cache += read * (d + v) * kv_size;
    stored += c * g * (d + v) * (2.0 + kv_size);
    tokens += c;
  }
  const double unit = 2.0 * e.tile * (d + v) / (gpu.peak.bf16 / sms * e.compute);
  double work = std::numeric_limits<double>::infinity();
  for (int64_t s = 1; s <= e.split_kv; s *= 2) {
    const auto split = static_cast<double>(s);
    const double busy = waves(tiles * split / sms, e.quantisation) * tile_keys / tiles;
    work = std::min(work, std::max(busy, longest) * unit / split);
  }
  double passes = 1.0;
  const double kept = 0.5 * gpu.l2_bytes;  // the other half is of what passes through
  if (!e.pack_heads && head_cache > kept) {
    const double rounds = std::clamp(1.5 * tiles / g / sms, 1.0, std::max(1.0, h / g));
    passes += (rounds - 1.0) * (1.0 - kept / head_cache);
  }
  const double moved = written + head_cache * g * passes;
  const double move = e.ramp_s + moved / (gpu.memory_bytes_per_s * e.memory);
  const double t = e.launch_s + norm4(work, move);
  if (e.cache_memory <= 0.0) return t;
  constexpr double kThreads =
      512.0;  // of a block of the copy, at most; fewer if the token has fewer elements
  return t + std::max(0.0, stored - e.cache_l2 * gpu.l2_bytes) / (gpu.memory_bytes_per_s * e.cache_memory) +
         tokens * e.cache_token_s * std::min(1.0, g * d / kThreads);
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

Affine latent_decode_s(const Accelerator& gpu, const LatentShape& shape, double sequences) {
  if (sequences <= 0.0) return {};
  const auto& e = constants(gpu.efficiency.decode_attention, shape.kv_dtype, "decode_attention", gpu);
  const auto& p = constants(gpu.efficiency.prefill_attention, shape.kv_dtype, "prefill_attention", gpu);
  const double read_s =
      (shape.rank + shape.rope_dim) * dtype_bytes(shape.kv_dtype) / (gpu.memory_bytes_per_s * e.memory);
  const double multiply_s =
      2.0 * shape.heads * (2.0 * shape.rank + shape.rope_dim) / (gpu.peak.bf16 * p.compute);
  return {e.launch_s, std::max(read_s, multiply_s)};
}

double elementwise_s(const Accelerator& gpu, double bytes) {
  const platform::ElementwiseEfficiency& e = gpu.efficiency.elementwise;
  const double in_l2 = std::min(bytes, 0.5 * gpu.l2_bytes);
  return e.launch_s + in_l2 / (gpu.memory_bytes_per_s * e.cached) +
         (bytes - in_l2) / (gpu.memory_bytes_per_s * e.memory);
}

}  // namespace agentsim::model
