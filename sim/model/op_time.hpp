#pragma once

#include <string>
#include <vector>

#include "sim/platform/accelerator.hpp"

// Seconds of single kernels on one GPU: a roofline whose efficiencies are fitted data of the accelerator
// (platforms/gpus/*.yaml). norm4(a, b) = (a^4 + b^4)^(1/4) joins the compute and the memory bound; BW and
// peak are the accelerator's nominal ones.
namespace agentsim::model {

using platform::Accelerator;

// C[m,n] = A[m,k] B[k,n].
//   rate(T) = peak / sm_count * compute * shape(T), shape rising with the tile's intensity i = tm tn / (tm +
//   tn) as
//             i / (i + tile_half), 1 for a tile of 256 x 128
//   x       = ceil(m / tm) ceil(n / tn) s / sm_count, s in {1, 2, 4, ..., split_k}
//   waves   = 1 if x <= 1, else (1 - quantisation) x + quantisation ceil(x)
//   work    = min over tiles and s of waves (2 tm tn ceil(k / s) / rate(T) + wave) + (s > 1) 8 s m n / (BW
//   memory) move    = ramp + ((m + n) k size + 2 m n) / (BW memory) t       = launch + norm4(work, move) +
//   [quantise.launch + 3 m k / (BW quantise.memory)]
// `fused`: the GEMM of a whole model, whose activations are quantised inside the norm before it
// (quantise_fused). `weight_bytes` of an element of B, where it is kept in another type than it is multiplied
// in; 0: that of `dtype`.
double gemm_s(const Accelerator& gpu, const std::string& dtype, double m, double n, double k,
              bool fused = false, double weight_bytes = 0.0);

// The experts of one layer on one GPU.
struct MoEShape {
  double hidden = 0.0;
  double inter = 0.0;    // of one expert, on this GPU
  double experts = 0.0;  // on this GPU
  double topk = 0.0;     // experts that a token visits on this GPU, on average
  double touched = 0.0;  // distinct experts that any token visits, expected
  double skew = 1.0;     // load of the busiest over the mean
  std::string dtype = "bf16";
  bool gated = true;
  double weight_bytes = 0.0;  // as in gemm_s
};

// Two grouped GEMMs over the `touched` experts, each with tokens topk / touched rows: the products by the curve
// of the GEMM with padded rows, the weights of the touched experts once, and the kernels that sort the tokens
// and add the results up.
double moe_s(const Accelerator& gpu, const MoEShape& shape, double tokens);

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
//   work    = min over s in {1, 2, ..., split_kv} of max(waves(s) mean keys, longest k_i + c_i + overhead)
//   unit / s move    = ramp + sum(4 c_i h d + 2 (k_i + c_i) g d kv_size) / (BW memory) t       = launch +
//   norm4(work, move) + [sum(2 c_i g d (2 + kv_size)) / (BW cache_memory)]
double prefill_attention_s(const Accelerator& gpu, const AttentionShape& shape,
                           const std::vector<Chunk>& chunks);

// Seconds that grow with the summed context C of a batch as fixed_s + per_token_s * C.
struct Affine {
  double fixed_s = 0.0;
  double per_token_s = 0.0;
};

// One new token for each of b sequences, affine in their summed context C at fixed b:
//   stream = min(BW memory, head_stream g max(1, b / head_stream_batch))
//   t      = launch + per_sequence max(0, b g - sm_count) + C 2 g d kv_size / stream
Affine decode_attention_s(const Accelerator& gpu, const AttentionShape& shape, double sequences);

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

// A kernel that only moves bytes; what fits in the L2 moves faster.
double elementwise_s(const Accelerator& gpu, double bytes);

}  // namespace agentsim::model
