#include "sim/model/op_time.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/contract.hpp"
#include "sim/model/llm.hpp"

namespace agentsim::model {
namespace {

double norm4(double a, double b) {
  const double a2 = a * a;
  const double b2 = b * b;
  return std::sqrt(std::sqrt(a2 * a2 + b2 * b2));
}

// std::ceil of what fits an int64_t, without a call.
double whole_up(double x) {
  const auto whole = static_cast<double>(static_cast<int64_t>(x));
  return whole < x ? whole + 1.0 : whole;
}

double waves(double x, double quantisation) {
  if (x <= 1.0) return 1.0;
  return (1.0 - quantisation) * x + quantisation * whole_up(x - 1e-9);
}

template <class Map>
const typename Map::mapped_type& constants(const Map& by_dtype, const std::string& dtype, const char* op,
                                           const Accelerator& gpu) {
  const auto found = by_dtype.find(dtype);
  AGENTSIM_CONTRACT(found != by_dtype.end(), "the gpu {} has no {} constants for {}", gpu.name, op, dtype);
  return found->second;
}

double quantise_s(const Accelerator& gpu, const platform::Quantise& q, double bytes) {
  const double in_l2 = std::min(bytes, q.l2 * gpu.l2_bytes);
  return q.launch_s + in_l2 / (gpu.memory_bytes_per_s * q.cached) +
         (bytes - in_l2) / (gpu.memory_bytes_per_s * q.memory);
}

}  // namespace

Operands::Operands(const Accelerator& gpu, const platform::Warm& warm, double memory, bool is_repeated)
    : cold_(1.0 / (gpu.memory_bytes_per_s * memory)) {
  if (!is_repeated || warm.l2 <= 0.0) return;
  l2_bytes_ = warm.l2 * gpu.l2_bytes;
  warm_rate_ = gpu.memory_bytes_per_s * warm.memory;
}

GemmKernel::GemmKernel(const Accelerator& gpu, const std::string& dtype, double n, double k, bool fused,
                       double weight_bytes, double ready_for)
    : gpu_(&gpu), n_(n), k_(k), size_(dtype_bytes(dtype)), weight_size_(weight_bytes) {
  const platform::GemmEfficiency& e = constants(gpu.efficiency.gemm, dtype, "gemm", gpu);
  sms_ = static_cast<double>(gpu.sm_count);
  quantisation_ = e.quantisation;
  launch_s_ = e.launch_s;
  ramp_s_ = e.ramp_s;
  reduce_rate_ = gpu.memory_bytes_per_s * e.reduce;
  operands_ = Operands(gpu, e.warm, e.memory, !fused);
  if (e.quantise.memory > 0.0)
    quantiser_ = fused && gpu.quantise_fused.memory > 0.0 ? gpu.quantise_fused : e.quantise;
  constexpr double kLargest = 256.0 * 128.0 / (256.0 + 128.0);
  const double rate = gpu.peak_flops(dtype) / sms_ * e.compute * ((kLargest + e.tile_half) / kLargest);
  const auto add = [&](Choice& choice, const platform::Tile& tile) {
    const double area = tile.m * tile.n;
    const double intensity = area / (tile.m + tile.n);
    const double flop_s = 2.0 * area / (rate * (intensity / (intensity + e.tile_half)));
    const double wave_s = e.wave_s * area / (128.0 * 128.0);
    for (size_t i = 0; i < splits_; ++i) {
      const auto split = static_cast<double>(size_t{1} << i);
      choice.options.push_back(
          {tile.m, std::ceil(n / tile.n), split, flop_s * std::ceil(k / split) + wave_s});
    }
  };
  while (int64_t{1} << splits_ <= e.split_k) ++splits_;
  for (const platform::TileRule& rule : e.rules) {
    if (n > rule.n) continue;
    choices_.push_back({rule.m, {}});
    add(choices_.back(), rule.tile);
  }
  choices_.push_back({std::numeric_limits<double>::infinity(), {}});
  for (const platform::Tile& tile : e.tiles) add(choices_.back(), tile);
  if (gpu.measured) measured_ = gpu.measured->gemm(dtype, n, k);
  if (ready_for > 0.0) choose_ahead(ready_for);
}

const std::vector<GemmKernel::Option>& GemmKernel::options_for(double m) const {
  for (const Choice& choice : choices_)
    if (m <= choice.most_rows) return choice.options;
  return choices_.back().options;
}

double GemmKernel::waves_s(const Option& option, double m) const {
  const double tiles = whole_up(m / option.rows) * option.columns;
  return waves(tiles * option.split / sms_, quantisation_) * option.one_wave;
}

// Rows of tiles, and the rule that fits, only change behind multiples of what divides all of their heights and limits.
void GemmKernel::choose_ahead(double ready_for) {
  int64_t step = 0;
  for (const Choice& choice : choices_) {
    if (choice.most_rows < ready_for) step = std::gcd(step, static_cast<int64_t>(choice.most_rows));
    for (const Option& option : choice.options) step = std::gcd(step, static_cast<int64_t>(option.rows));
  }
  step_ = static_cast<double>(step);
  ahead_.assign(static_cast<size_t>(std::ceil(ready_for / step_)) * splits_,
                std::numeric_limits<double>::infinity());
  for (size_t i = 0; i < ahead_.size(); ++i) {
    const double m = step_ * static_cast<double>(i / splits_ + 1);
    const std::vector<Option>& options = options_for(m);
    for (size_t o = i % splits_; o < options.size(); o += splits_)
      ahead_[i] = std::min(ahead_[i], waves_s(options[o], m));
  }
}

double GemmKernel::work(double m) const {
  const auto reduce_s = [&](double split) {
    return split == 1.0 ? 0.0 : 8.0 * split * m * n_ / reduce_rate_;
  };
  const auto row = static_cast<size_t>(whole_up(m / step_) - 1.0) * splits_;
  double least = std::numeric_limits<double>::infinity();
  if (m > 0.0 && row < ahead_.size()) {
    // A split is a power of two, so that its share of the reduction may be multiplied last.
    const double twice_s = reduce_s(2.0);
    least = ahead_[row];
    for (size_t s = 1; s < splits_; ++s)
      least = std::min(least, ahead_[row + s] + twice_s * static_cast<double>(size_t{1} << (s - 1)));
    return least;
  }
  for (const Option& option : options_for(m))
    least = std::min(least, waves_s(option, m) + reduce_s(option.split));
  return least;
}

double GemmKernel::seconds(double m) const {
  const double operands =
      weight_size_ > 0.0 ? m * k_ * size_ + n_ * k_ * weight_size_ : (m + n_) * k_ * size_;
  const double moved = operands + 2.0 * m * n_;
  const double product = launch_s_ + norm4(work(m), ramp_s_ + moved * operands_.seconds_a_byte(moved));
  const double fitted =
      quantiser_.memory > 0.0 ? product + quantise_s(*gpu_, quantiser_, 3.0 * m * k_) : product;
  return measured_.empty() ? fitted : fitted * measured_.at(m);
}

double gemm_s(const Accelerator& gpu, const std::string& dtype, double m, double n, double k, bool fused,
              double weight_bytes) {
  return GemmKernel(gpu, dtype, n, k, fused, weight_bytes).seconds(m);
}

MoEKernel::MoEKernel(const Accelerator& gpu, const MoEShape& shape)
    : gpu_(gpu), shape_(shape), size_(dtype_bytes(shape.dtype)), peak_(gpu.peak_flops(shape.dtype)) {
  weight_size_ = shape.weight_bytes > 0.0 ? shape.weight_bytes : size_;
  visits_ = shape.visits > 0.0 ? shape.visits : shape.topk;
  auto found = gpu.efficiency.moe.find(shape.kept);
  if (found == gpu.efficiency.moe.end()) found = gpu.efficiency.moe.find(shape.dtype);
  if (found != gpu.efficiency.moe.end())
    own_ = &found->second;
  else
    gemm_ = &constants(gpu.efficiency.gemm, shape.dtype, "gemm", gpu);
  if (own_ == nullptr) return;
  const bool listed =
      std::any_of(own_->tuned.begin(), own_->tuned.end(), [&](const platform::ExpertsShape& known) {
        return known.experts == shape.experts && known.inter == shape.inter;
      });
  tuned_ = listed || (own_->all_tuned && !shape.is_older);
  const bool is_converted = shape.weight_bytes > 0.0 && shape.weight_bytes != size_;
  // Where simulations use a newer library than a table, it tells nothing of theirs.
  if (gpu.measured && !is_converted && (shape.is_older || !own_->all_tuned))
    measured_ = gpu.measured->moe(shape.dtype, shape.hidden, shape.inter, shape.experts, visits_);
}

// By the curve of the GEMM, with rows padded to the smallest tile of the tensor cores.
double MoEKernel::by_gemm_s(double tokens, double touched) const {
  const platform::GemmEfficiency& e = *gemm_;
  const double matrices = shape_.gated ? 3.0 : 2.0;
  const double rows = tokens * shape_.topk;
  constexpr double kRows = 16.0;  // of the smallest tile of the tensor cores
  const double padded = touched * std::ceil(rows * shape_.skew / touched / kRows) * kRows;
  const double work = 2.0 * padded * matrices * shape_.hidden * shape_.inter / (peak_ * e.compute);
  const double bytes = touched * matrices * shape_.hidden * shape_.inter * weight_size_ +
                       rows * (2.0 * shape_.hidden * size_ + (matrices + 1.0) * shape_.inter * 2.0);
  const double move = e.ramp_s + bytes / (gpu_.memory_bytes_per_s * e.memory);
  // Sorting the tokens by expert, the activation between the products, and the weighted sum.
  const ElementwiseKernel elementwise(gpu_);
  const double around = 2.0 * elementwise.seconds(rows * 4.0) +
                        elementwise.seconds(rows * matrices * shape_.inter * 2.0) +
                        elementwise.seconds((rows + tokens) * shape_.hidden * 2.0);
  return 2.0 * e.launch_s + norm4(work, move) + around;
}

double MoEKernel::seconds(double tokens, double touched) const {
  if (tokens <= 0.0 || touched <= 0.0) return 0.0;
  if (own_ == nullptr) return by_gemm_s(tokens, touched);
  const platform::MoEEfficiency& e = *own_;
  const bool many = tokens > shape_.experts;
  const double compute = tuned_ ? e.tuned_compute : many ? e.compute_many : e.compute;
  const double memory = tuned_ ? e.tuned_memory : many ? e.memory_many : e.memory;
  const auto sms = static_cast<double>(gpu_.sm_count);
  const double rate = peak_ / sms * compute;
  const double rows = tokens * shape_.topk * shape_.skew;
  const double up = shape_.gated ? 2.0 : 1.0;
  const double around = tokens * visits_ * 4.0 * (shape_.hidden + 2.0 * shape_.inter);
  const double weights = touched * (up + 1.0) * shape_.hidden * shape_.inter * weight_size_;
  const double byte_s =
      Operands(gpu_, e.warm, memory, shape_.is_repeated).seconds_a_byte(weights + 0.5 * around);
  const auto work = [&](double tile, double n, double k) {
    const double tiles = std::max(touched, rows / tile + touched * (tile - 1.0) / (2.0 * tile));
    const double x = tiles * std::max(1.0, n / e.columns) / sms;
    return std::max(1.0, x) * 2.0 * tile * std::min(n, e.columns) * k / rate;
  };
  const auto product = [&](double n, double k) {
    const double multiply = tuned_ ? std::min({work(16.0, n, k), work(64.0, n, k), work(128.0, n, k)})
                                   : work(many ? e.tile_many : e.tile, n, k);
    return norm4(multiply, touched * n * k * weight_size_ * byte_s);
  };
  const double in_l2 = std::min(around, gpu_.l2_bytes);
  const double fitted = e.launch_s + product(up * shape_.inter, shape_.hidden) +
                        product(shape_.hidden, shape_.inter) +
                        in_l2 / (gpu_.memory_bytes_per_s * e.around_cached) +
                        (around - in_l2) / (gpu_.memory_bytes_per_s * e.around);
  return measured_.empty() ? fitted : fitted * measured_.at(tokens);
}

double moe_s(const Accelerator& gpu, const MoEShape& shape, double tokens) {
  return MoEKernel(gpu, shape).seconds(tokens, shape.touched);
}

PrefillKernel::PrefillKernel(const Accelerator& gpu, const AttentionShape& shape, bool copies)
    : gpu_(gpu),
      shape_(shape),
      e_(constants(gpu.efficiency.prefill_attention, shape.kv_dtype, "prefill_attention", gpu)),
      kv_size_(dtype_bytes(shape.kv_dtype)) {
  if (!copies) e_.cache_memory = 0.0;
  if (gpu.measured && copies && shape.window == 0.0 && shape.value_dim == 0.0)
    measured_ = gpu.measured->prefill_attention(shape.kv_dtype, shape.heads, shape.kv_heads, shape.head_dim);
}

double PrefillKernel::seconds(const std::vector<Chunk>& chunks) const {
  if (chunks.empty()) return 0.0;
  const platform::PrefillAttentionEfficiency& e = e_;
  const AttentionShape& shape = shape_;
  const auto sms = static_cast<double>(gpu_.sm_count);
  const double h = shape.heads;
  const double g = shape.kv_heads;
  const double d = shape.head_dim;
  const double v = shape.value_dim > 0.0 ? shape.value_dim : d;
  double tiles = 0.0, tile_keys = 0.0, longest = 0.0, written = 0.0, head_cache = 0.0, stored = 0.0,
         tokens = 0.0, squares = 0.0;
  for (const Chunk& chunk : chunks) {
    const double c = chunk.tokens;
    const double chunk_tiles = e.pack_heads ? g * whole_up(c * h / g / e.tile) : h * whole_up(c / e.tile);
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
    head_cache += read * (d + v) * kv_size_;
    stored += c * g * (d + v) * (2.0 + kv_size_);
    tokens += c;
    squares += c * c;
  }
  const double unit = 2.0 * e.tile * (d + v) / (gpu_.peak.bf16 / sms * e.compute);
  double work = std::numeric_limits<double>::infinity();
  for (int64_t s = 1; s <= e.split_kv; s *= 2) {
    const auto split = static_cast<double>(s);
    const double busy = waves(tiles * split / sms, e.quantisation) * tile_keys / tiles;
    work = std::min(work, std::max(busy, longest) * unit / split);
  }
  double passes = 1.0;
  const double kept = 0.5 * gpu_.l2_bytes;  // the other half is of what passes through
  if (!e.pack_heads && head_cache > kept) {
    const double rounds = std::clamp(1.5 * tiles / g / sms, 1.0, std::max(1.0, h / g));
    passes += (rounds - 1.0) * (1.0 - kept / head_cache);
  }
  const double moved = written + head_cache * g * passes;
  const double move = e.ramp_s + moved / (gpu_.memory_bytes_per_s * e.memory);
  double t = e.launch_s + norm4(work, move);
  if (e.cache_memory > 0.0) {
    // Of a block of the copy, at most; fewer if the token has fewer elements.
    constexpr double kThreads = 512.0;
    t = t + std::max(0.0, stored - e.cache_l2 * gpu_.l2_bytes) / (gpu_.memory_bytes_per_s * e.cache_memory) +
        tokens * e.cache_token_s * std::min(1.0, g * d / kThreads);
  }
  // Uneven chunks are looked up as so many even ones, of a length that weighs each token alike.
  return measured_.empty() ? t : t * measured_.at(tokens * tokens / squares, squares / tokens);
}

double prefill_attention_s(const Accelerator& gpu, const AttentionShape& shape,
                           const std::vector<Chunk>& chunks) {
  return PrefillKernel(gpu, shape).seconds(chunks);
}

DecodeKernel::DecodeKernel(const Accelerator& gpu, const AttentionShape& shape)
    : e_(constants(gpu.efficiency.decode_attention, shape.kv_dtype, "decode_attention", gpu)),
      kv_heads_(shape.kv_heads),
      sms_(static_cast<double>(gpu.sm_count)),
      bandwidth_(gpu.memory_bytes_per_s * e_.memory),
      token_bytes_(2.0 * shape.kv_heads * shape.head_dim * dtype_bytes(shape.kv_dtype)) {}

Affine DecodeKernel::seconds(double sequences) const {
  if (sequences <= 0.0) return {};
  const double stream = std::min(
      bandwidth_, e_.head_stream_bytes_per_s * kv_heads_ * std::max(1.0, sequences / e_.head_stream_batch));
  const double crowded = std::max(0.0, sequences * kv_heads_ - sms_);
  return {e_.launch_s + e_.per_sequence_s * crowded, token_bytes_ / stream};
}

Affine decode_attention_s(const Accelerator& gpu, const AttentionShape& shape, double sequences) {
  return DecodeKernel(gpu, shape).seconds(sequences);
}

LatentKernel::LatentKernel(const Accelerator& gpu, const LatentShape& shape) : shape_(shape) {
  const auto& e = constants(gpu.efficiency.decode_attention, shape.kv_dtype, "decode_attention", gpu);
  const auto& p = constants(gpu.efficiency.prefill_attention, shape.kv_dtype, "prefill_attention", gpu);
  launch_s_ = e.launch_s;
  read_s_ = (shape.rank + shape.rope_dim) * dtype_bytes(shape.kv_dtype) / (gpu.memory_bytes_per_s * e.memory);
  multiply_rate_ = gpu.peak.bf16 * p.compute;
}

Affine LatentKernel::seconds(double sequences, double width) const {
  if (sequences <= 0.0) return {};
  const double multiply_s =
      2.0 * (shape_.heads * width) * (2.0 * shape_.rank + shape_.rope_dim) / multiply_rate_;
  return {launch_s_, std::max(read_s_, multiply_s)};
}

Affine latent_decode_s(const Accelerator& gpu, const LatentShape& shape, double sequences) {
  return LatentKernel(gpu, shape).seconds(sequences, 1.0);
}

double elementwise_s(const Accelerator& gpu, double bytes) {
  return ElementwiseKernel(gpu).seconds(bytes);
}

}  // namespace agentsim::model
