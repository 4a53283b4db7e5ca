#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/model/llm.hpp"
#include "sim/model/op_time.hpp"

namespace agentsim::model {

// Among how many GPUs the parts of a layer are cut.
struct Cut {
  int64_t attention = 1;     // heads
  int64_t dense = 1;         // inner width of the dense MLP
  int64_t shared = 1;        // the same of the shared experts
  int64_t experts = 1;       // routed experts, whole ones
  int64_t expert_inter = 1;  // inner width of a routed expert
  double expert_skew = 1.0;  // load of the busiest expert over the mean
  bool travel = false;       // tokens are on the GPUs of their experts only, not on all
};

// Kernels by name, and their seconds.
class KernelTimes {
 public:
  struct Kernel {
    const char* name;
    double seconds;
  };
  void add(const char* name, double seconds) { kernels_.at(size_++) = {name, seconds}; }
  const Kernel* begin() const { return kernels_.data(); }
  const Kernel* end() const { return kernels_.data() + size_; }

 private:
  std::array<Kernel, 12> kernels_{};
  size_t size_ = 0;
};

// Key-value heads that one of so many GPUs keeps: heads are copied once there are more GPUs than heads.
int64_t kv_heads_per_gpu(const LLM& llm, int64_t gpus);
// Elements of the KV cache that a GPU keeps for a token in one layer of the kind: keys and values of its heads, or the
// latent vector, which every GPU keeps whole; none in linear attention.
double cache_elements(const LLM& llm, const LayerRun& layer, int64_t gpus);
// Bytes that one of so many GPUs keeps for a sequence in a layer of linear attention, whatever its length: the state in
// fp32 and the last inputs of the convolution in bf16.
double state_bytes(const LLM& llm, int64_t gpus);
// FLOP of one token in a layer of linear attention beside its projections, in all heads: the state is read, decayed and
// added to.
double state_flop(const LLM& llm);

// What the kernels of one layer take on one GPU of those among which it is cut. Kernels that depend on the number of tokens
// only are kept until another number is asked for, so that layers of other kinds and stages find them there.
class LayerTime {
 public:
  // `llm` and `gpu` must outlive it.
  LayerTime(const LLM& llm, const Precision& precision, const Accelerator& gpu, const Cut& cut);

  // All that depends on the number of new tokens only, but for the MLP.
  const KernelTimes& projections(const LayerRun& layer, double tokens) const;
  // MLP or routed experts. A token visits experts.per_token of the experts, any of them alike: n tokens touch
  // E (1 - (1 - k/E)^n).
  const KernelTimes& mlp(const LayerRun& layer, double tokens) const;
  // Router and shared experts, if the layer has them.
  const KernelTimes& beside_experts(const LayerRun& layer, double tokens) const;
  // Attention of new tokens, the projection of cached latent vectors included.
  KernelTimes prefill_attention(const LayerRun& layer, const std::vector<Chunk>& chunks) const;
  // `width` new tokens for each of `sequences`: seconds by their summed context, of which a windowed layer counts no more
  // than its window for each. A sequence's cache is read once for all of its new tokens.
  Affine decode_attention(double sequences, double width) const;
  // A kernel that reads and writes activations of so many tokens: `bytes` for each element.
  double activations(double tokens, double bytes) const;
  // A layer of linear attention (gated delta net): prompts in chunks of 64 tokens at the rate of the prefill kernel, decoding
  // sequences as fast as their states are read and written.
  double linear_attention(const std::vector<Chunk>& chunks, double sequences) const;
  // What routed experts are multiplied in.
  const std::string& experts_type() const { return routed_.compute; }
  // Whether a step with prompts has its decoding sequences in the kernel of the prompts.
  bool joins_decode() const;

  KernelTimes embedding(double tokens) const;
  // Head and sampling of so many sequences.
  KernelTimes head(double sequences) const;

 private:
  struct Kept {
    double tokens = -1.0;
    KernelTimes times;
  };
  using Kernels = KernelTimes (LayerTime::*)(double tokens) const;
  const KernelTimes& kept(Kept& last, double tokens, Kernels kernels) const;
  GemmKernel matrix(double out, double in) const;
  void make_attention(const Precision& precision);

  double norms(double tokens) const;
  KernelTimes softmax_projections(double tokens) const;
  KernelTimes linear_projections(double tokens) const;
  KernelTimes latent_projections(double tokens) const;
  KernelTimes dense(double tokens) const;
  KernelTimes experts(double tokens) const;
  KernelTimes router_and_shared(double tokens) const;

  const LLM& llm_;
  const Accelerator& gpu_;
  Cut cut_;
  Product routed_;  // of routed experts
  Product rest_;    // of all other matrices
  AttentionShape attention_;
  LatentShape latent_;
  ElementwiseKernel elementwise_;
  // Each is there if the model has it.
  using Matrix = std::optional<GemmKernel>;
  Matrix qkv_, output_, linear_qkv_, linear_output_, down_projection_, queries_, up_projection_;
  Matrix dense_up_, dense_down_, router_, shared_up_, shared_down_, head_;
  std::optional<MoEKernel> experts_;
  std::optional<PrefillKernel> prefill_, windowed_prefill_;
  std::optional<DecodeKernel> decode_;
  std::optional<LatentKernel> latent_decode_;
  mutable Kept projections_, linear_projections_, dense_, routed_experts_, beside_experts_;
};

}  // namespace agentsim::model
