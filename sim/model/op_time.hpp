#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "sim/platform/accelerator.hpp"

// Seconds of single kernels on one GPU: a roofline whose efficiencies are fitted data of the accelerator
// (platforms/gpus/*.yaml). norm4(a, b) = (a^4 + b^4)^(1/4) joins the compute and the memory bound; BW and
// peak are the accelerator's nominal ones.
namespace agentsim::model {

using platform::Accelerator;

// C[m,n] = A[m,k] B[k,n].
//   rate(T) = peak / sm_count * compute * shape(T), shape rising with the tile's intensity i = tm tn / (tm + tn) as
//             i / (i + tile_half), 1 for a tile of 256 x 128
//   x       = ceil(m / tm) ceil(n / tn) s / sm_count, s in {1, 2, 4, ..., split_k}
//   waves   = 1 if x <= 1, else (1 - quantisation) x + quantisation ceil(x)
//   work    = min over T and s of waves (2 tm tn ceil(k / s) / rate(T) + wave tm tn / 128^2) + (s > 1) 8 s m n / (BW reduce)
//             T of `tiles`, or the one of the first of `rules` whose m and n are not less
//   move    = ramp + ((m + n) k size + 2 m n) / (BW memory)
//   t       = launch + norm4(work, move) + [quantise.launch + 3 m k / (BW quantise.memory)]
// `fused`: the GEMM of a whole model, whose activations are quantised inside the norm before it (quantise_fused) and
// whose weights come from memory. Without it the GEMM of a repeated benchmark: what is below warm.l2 of the L2 moves
// at BW warm.memory, and the first quantise.l2 of the L2 is quantised at BW quantise.cached. `weight_bytes` of an
// element of B, where it is kept in another type than it is multiplied in; 0: that of `dtype`.
double gemm_s(const Accelerator& gpu, const std::string& dtype, double m, double n, double k,
              bool fused = false, double weight_bytes = 0.0);

// Seconds per byte of operands of which a repeated benchmark finds some in the L2.
class Operands {
 public:
  Operands() = default;
  Operands(const Accelerator& gpu, const platform::Warm& warm, double memory, bool is_repeated);
  double seconds_a_byte(double bytes) const {
    if (l2_bytes_ <= 0.0) return cold_;
    const double share = std::clamp(3.0 - 2.0 * bytes / l2_bytes_, 0.0, 1.0);
    return (1.0 - share) * cold_ + share / warm_rate_;
  }

 private:
  double cold_ = 0.0, warm_rate_ = 1.0;
  double l2_bytes_ = 0.0;  // 0: nothing is warm
};

// gemm_s() of one n and k for any m: what does not depend on m is computed once, and tiles are chosen ahead for all m up to
// `ready_for`. `gpu` must outlive it.
class GemmKernel {
 public:
  GemmKernel(const Accelerator& gpu, const std::string& dtype, double n, double k, bool fused = false,
             double weight_bytes = 0.0, double ready_for = 0.0);
  double seconds(double m) const;

 private:
  // A tile and a split of k.
  struct Option {
    double rows = 0.0;     // of the tile
    double columns = 0.0;  // of tiles
    double split = 1.0;
    double one_wave = 0.0;
  };
  // What a library chooses from for up to so many rows of the product.
  struct Choice {
    double most_rows = 0.0;
    std::vector<Option> options;
  };
  const std::vector<Option>& options_for(double m) const;
  void choose_ahead(double ready_for);
  double waves_s(const Option& option, double m) const;
  double work(double m) const;

  const Accelerator* gpu_;
  platform::RatioLine measured_;  // by m
  double n_, k_, size_, weight_size_, sms_;
  double quantisation_, launch_s_, ramp_s_, reduce_rate_;
  Operands operands_;
  platform::Quantise quantiser_;  // memory 0: none
  std::vector<Choice> choices_;   // the first that holds m; the last holds any
  // The seconds of the best tile for each split of k, for m up to step_, 2 step_ and so on.
  size_t splits_ = 0;
  double step_ = 1.0;
  std::vector<double> ahead_;
};

// The experts of one layer on one GPU.
struct MoEShape {
  double hidden = 0.0;
  double inter = 0.0;    // of one expert, on this GPU
  double experts = 0.0;  // on this GPU
  double topk = 0.0;     // experts that a token visits on this GPU, on average
  double touched = 0.0;  // distinct experts that any token visits, expected
  double skew = 1.0;     // load of the busiest over the mean
  std::string dtype = "bf16";
  std::string kept;  // type of the weights, where kernels of their own may be known for it
  bool gated = true;
  double weight_bytes = 0.0;  // as in gemm_s
  // Experts that a token of those that are here visits on all GPUs; 0: topk. Where all GPUs have all tokens, more than topk.
  double visits = 0.0;
  bool is_repeated = false;  // a benchmark that finds small weights in the L2
  bool is_older = false;     // a benchmark of a library before the one that simulations use
};

// Two grouped GEMMs over the touched experts (a = 2, 1 matrices of hidden x inter; gated, else 1, 1), and the kernels
// that sort the tokens, apply the activation and add the results up, which see the tokens of all experts:
//   b       = tile rows if tokens <= experts, else tile_many; compute and memory likewise. Shapes of `tuned` (experts x
//             inter) take the best of 16, 64 and 128, tuned_compute and tuned_memory, and so do all where all_tuned
//   tiles   = max(touched, rows / b + touched (b - 1) / (2 b)), rows = tokens topk skew
//   work    = max(1, tiles max(1, N / columns) / sm_count) 2 b min(N, columns) K / (peak / sm_count * compute)
//   move    = touched N K size / (BW memory)
//   around  = tokens visits 4 (hidden + 2 inter) / (BW around), the first L2 of it at BW around_cached
//   t       = launch + norm4(work, move) of both + around
// Weights of a type with a curve of its own take that; a type without any takes that of its GEMM.
double moe_s(const Accelerator& gpu, const MoEShape& shape, double tokens);

// moe_s() of one shape, but for the experts that are touched. `gpu` must outlive it.
class MoEKernel {
 public:
  MoEKernel(const Accelerator& gpu, const MoEShape& shape);
  double seconds(double tokens, double touched) const;

 private:
  double by_gemm_s(double tokens, double touched) const;

  const Accelerator& gpu_;
  MoEShape shape_;
  const platform::MoEEfficiency* own_ = nullptr;    // null: by the curve of the GEMM
  const platform::GemmEfficiency* gemm_ = nullptr;  // there without an own one
  double size_ = 0.0, weight_size_ = 0.0, peak_ = 0.0, visits_ = 0.0;
  platform::RatioLine measured_;  // by tokens
  bool tuned_ = false;
};

// New tokens of one sequence over tokens that are in the cache already.
struct Chunk {
  double tokens = 0.0;
  double cached = 0.0;
};

// Heads and cache type of one GPU's share of an attention layer.
struct AttentionShape {
  double heads = 0.0;
  double kv_heads = 0.0;
  double head_dim = 0.0;
  std::string kv_dtype;
  double value_dim = 0.0;  // of a head, where it is not head_dim
  double window = 0.0;     // keys that a query sees; 0: all
};

// Causal attention of several chunks in one kernel (FlashAttention varlen). Chunk i has c_i new and k_i
// cached tokens:
//   keys_i  = k_i + (c_i + tile) / 2 + tile_overhead, the keys a query tile meets on average
//   tiles_i = h ceil(c_i / tile), or g ceil(c_i h / (g tile)) with pack_heads
//   unit    = 4 tile d / (peak_bf16 / sm_count * compute), one tile against one key
//   work    = min over s in {1, 2, ..., split_kv} of max(waves(s) mean keys, longest k_i + c_i + overhead) unit / s
//   cache   = sum(2 (k_i + c_i) d kv_size), that of one KV head
//   passes  = 1 + (rounds - 1) max(0, 1 - L2 / 2 / cache), rounds = 3/2 sum(tiles_i) / (g sm_count) between 1 and h / g;
//             1 with pack_heads
//   move    = ramp + (sum(4 c_i h d) + g cache passes) / (BW memory)
//   copied  = sum(2 c_i g d (2 + kv_size)), into the cache
//   t       = launch + norm4(work, move)
//             + [max(0, copied - cache_l2 L2) / (BW cache_memory) + cache_token sum(c_i) min(1, g d / 512)]
double prefill_attention_s(const Accelerator& gpu, const AttentionShape& shape,
                           const std::vector<Chunk>& chunks);

// prefill_attention_s() of one shape. Without `copies` nothing is copied into the cache. `gpu` must outlive it.
class PrefillKernel {
 public:
  PrefillKernel(const Accelerator& gpu, const AttentionShape& shape, bool copies = true);
  double seconds(const std::vector<Chunk>& chunks) const;
  bool joins_decode() const { return e_.joins_decode; }

 private:
  const Accelerator& gpu_;
  AttentionShape shape_;
  platform::PrefillAttentionEfficiency e_;
  platform::RatioPlane measured_;  // by sequences and new tokens of each
  double kv_size_;
};

// Seconds that grow with the summed context C of a batch as fixed_s + per_token_s * C.
struct Affine {
  double fixed_s = 0.0;
  double per_token_s = 0.0;
};

// One new token for each of b sequences, affine in their summed context C at fixed b:
//   stream = min(BW memory, head_stream g max(1, b / head_stream_batch))
//   t      = launch + per_sequence max(0, b g - sm_count) + C 2 g d kv_size / stream
Affine decode_attention_s(const Accelerator& gpu, const AttentionShape& shape, double sequences);

// decode_attention_s() of one shape.
class DecodeKernel {
 public:
  DecodeKernel(const Accelerator& gpu, const AttentionShape& shape);
  Affine seconds(double sequences) const;

 private:
  platform::DecodeAttentionEfficiency e_;
  double kv_heads_, sms_, bandwidth_, token_bytes_;
};

// The cache of multi-head latent attention on one GPU: `rank` + `rope_dim` elements a token, whatever the heads.
struct LatentShape {
  double heads = 0.0;
  double rank = 0.0;
  double rope_dim = 0.0;
  std::string kv_dtype;
};

// Absorbed attention of one new token for each sequence (FlashMLA): a key costs its bytes or
// 2 heads (2 rank + rope_dim) FLOP at the rate of the prefill kernel, whichever is more.
Affine latent_decode_s(const Accelerator& gpu, const LatentShape& shape, double sequences);

// The same of one shape.
class LatentKernel {
 public:
  LatentKernel(const Accelerator& gpu, const LatentShape& shape);
  // Of `width` new tokens for each sequence, whose keys are read once.
  Affine seconds(double sequences, double width) const;

 private:
  LatentShape shape_;
  double launch_s_, read_s_, multiply_rate_;
};

// A kernel that only moves bytes; the first half L2 of them moves faster, since a kernel before has left it there.
double elementwise_s(const Accelerator& gpu, double bytes);

class ElementwiseKernel {
 public:
  explicit ElementwiseKernel(const Accelerator& gpu)
      : launch_s_(gpu.efficiency.elementwise.launch_s),
        cached_bytes_(0.5 * gpu.l2_bytes),
        cached_rate_(gpu.memory_bytes_per_s * gpu.efficiency.elementwise.cached),
        rate_(gpu.memory_bytes_per_s * gpu.efficiency.elementwise.memory) {}
  double seconds(double bytes) const {
    const double in_l2 = bytes < cached_bytes_ ? bytes : cached_bytes_;
    return launch_s_ + in_l2 / cached_rate_ + (bytes - in_l2) / rate_;
  }

 private:
  double launch_s_, cached_bytes_, cached_rate_, rate_;
};

}  // namespace agentsim::model
