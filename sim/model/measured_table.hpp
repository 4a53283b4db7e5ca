#pragma once

#include <string>
#include <vector>

#include "sim/model/op_time.hpp"

// Measured kernel times as CSV, plain or `.gz`. The columns tell the kernel (platforms/measured/README.md); a column
// that a kernel does not need is ignored. Data types are written bf16 or bfloat16, fp8, nvfp4.
namespace agentsim::model {

// What every measured row has.
struct Measured {
  double seconds = 0.0;
  // Rows whose shape hashes to an even number are fitted, the others judge; the order of the file is no
  // matter.
  bool is_fitted = false;
  size_t file = 0;  // that it was read from, counted by MeasuredTable
};

struct MeasuredGemm : Measured {
  std::string dtype;
  double m = 0.0, n = 0.0, k = 0.0;
};

// `sequences` equal sequences, each with one chunk of new tokens over cached ones, and in the same kernel `decoding`
// ones of one new token over `context` cached ones.
struct MeasuredPrefill : Measured {
  AttentionShape shape;
  double sequences = 0.0;
  Chunk chunk;
  double decoding = 0.0;
  double context = 0.0;
};

// `sequences` equal sequences with `context` cached tokens each.
struct MeasuredDecode : Measured {
  AttentionShape shape;
  double sequences = 0.0;
  double context = 0.0;
};

// A fused layer of experts: `inter` of one expert over all GPUs, `tp` GPUs share an expert, `ep` GPUs the
// experts.
struct MeasuredMoE : Measured {
  std::string dtype;
  double tokens = 0.0, hidden = 0.0, inter = 0.0, topk = 0.0, experts = 0.0, tp = 1.0, ep = 1.0;
  std::string distribution;  // of the load: "balanced" or "power_law_<exponent>"
  double touched = 0.0;      // experts that are visited, where the table says so; 0: by the distribution
  bool is_newer = false;     // of the library that simulations use, not of the one before
};

// A kernel that only moves bytes.
struct MeasuredElementwise : Measured {
  std::string kernel;
  double bytes = 0.0;
};

// One decoder layer without attention: its matrix products and the kernels between them, in one half
// together. `seconds` is their sum.
struct MeasuredLayer : Measured {
  std::string gpu;
  std::vector<MeasuredGemm> gemm;
  std::vector<MeasuredElementwise> elementwise;
};

// The rows of one file or several.
struct MeasuredTable {
  size_t files = 0;
  std::vector<MeasuredGemm> gemm;
  std::vector<MeasuredPrefill> prefill_attention;
  std::vector<MeasuredDecode> decode_attention;
  std::vector<MeasuredMoE> moe;
  std::vector<MeasuredElementwise> elementwise;
  std::vector<MeasuredLayer> layers;
};

// Adds the rows of a file to `table`. The kernel by its columns:
//   gemm_dtype,m,n,k                                             gemm
//   kv_cache_dtype,batch_size,isl,num_heads,num_key_value_heads,head_dim[,cached][,decoding,context]   prefill_attention
//   kv_cache_dtype,batch_size,kv_len,num_heads,num_key_value_heads,head_dim         decode_attention
//   moe_dtype,num_tokens,hidden_size,inter_size,topk,num_experts,moe_tp_size,moe_ep_size,distribution[,touched]   moe
//   kernel,bytes                                                 elementwise
//   gpu,tp,num_tokens,n_head,n_kv_head,n_embd,n_ffn,attn_pre_proj_ms,...   layers (Vidur)
// each but the last with latency_ms. `gpu` picks the rows of a table with a column of that name; "" takes
// all. Throws ConfigError: columns of no kernel, values that are not what the column says, no row.
void read_measured(const std::string& path, MeasuredTable& table, const std::string& gpu = "");

// Prefill tables of which more than 1 % of the rows beat the GPU's bf16 peak, at which all its kernels multiply: they
// are not attention over the heads they say.
bool beats_peak(const Accelerator& gpu, const MeasuredTable& table, const std::string& kv_dtype);

}  // namespace agentsim::model
