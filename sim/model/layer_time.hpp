#pragma once

#include <functional>
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
};

// Takes the name of a kernel and its seconds.
using KernelSink = std::function<void(const char* kernel, double seconds)>;

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

// What the kernels of one layer take on one GPU of those among which it is cut.
class LayerTime {
 public:
  // `llm` and `gpu` must outlive it.
  LayerTime(const LLM& llm, const Precision& precision, const Accelerator& gpu, const Cut& cut);

  // All that depends on the number of new tokens only, but for the MLP.
  void projections(const LayerRun& layer, double tokens, const KernelSink& sink) const;
  // MLP or routed experts. A token visits experts.per_token of the experts, any of them alike: n tokens touch
  // E (1 - (1 - k/E)^n).
  void mlp(const LayerRun& layer, double tokens, const KernelSink& sink) const;
  // Router and shared experts, if the layer has them.
  void beside_experts(const LayerRun& layer, double tokens, const KernelSink& sink) const;
  // Attention of new tokens, the projection of cached latent vectors included.
  void prefill_attention(const LayerRun& layer, const std::vector<Chunk>& chunks,
                         const KernelSink& sink) const;
  // `width` new tokens for each of `sequences`: seconds by their summed context, of which a windowed layer counts no more
  // than its window for each. A sequence's cache is read once for all of its new tokens.
  Affine decode_attention(double sequences, double width) const;
  // A kernel that reads and writes activations of so many tokens: `bytes` for each element.
  double activations(double tokens, double bytes) const;
  // A layer of linear attention (gated delta net): prompts in chunks of 64 tokens at the rate of the prefill kernel, decoding
  // sequences as fast as their states are read and written.
  double linear_attention(const std::vector<Chunk>& chunks, double sequences) const;
  // Whether a step with prompts has its decoding sequences in the kernel of the prompts.
  bool joins_decode() const;

  void embedding(double tokens, const KernelSink& sink) const;
  // Head and sampling of so many sequences.
  void head(double sequences, const KernelSink& sink) const;

 private:
  double matrix(const Product& product, double tokens, double out, double in) const;
  void linear_projections(double tokens, const KernelSink& sink) const;
  void latent_projections(double tokens, const KernelSink& sink) const;
  void experts(double tokens, const KernelSink& sink) const;

  const LLM& llm_;
  const Accelerator& gpu_;
  Cut cut_;
  Product routed_;  // of routed experts
  Product rest_;    // of all other matrices
  AttentionShape attention_;
  LatentShape latent_;
  // Up-projected keys and values are not copied into the cache: only the latent vector is, which costs nothing beside.
  Accelerator without_copy_;
};

}  // namespace agentsim::model
