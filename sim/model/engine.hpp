#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"

namespace agentsim::model {

// Batches that are replayed as recorded graphs (CUDA graphs): their sizes, ascending.
struct GraphSizes {
  std::vector<int64_t> sizes;

  // The size that a batch is filled up to: the next recorded one, or itself beyond the largest.
  int64_t filled(int64_t batch) const {
    const auto next = std::lower_bound(sizes.begin(), sizes.end(), batch);
    return next == sizes.end() ? batch : *next;
  }
};
void parse(const config::Value& value, GraphSizes& graphs, Diagnostics& diagnostics);
nlohmann::ordered_json dump_json(const GraphSizes& graphs);

// The limits and overheads of a serving engine (platforms/engines/*.yaml); any of them can be set in a
// scenario.
struct Engine {
  std::string name;
  double host_overhead_s = 0.0;               // of a step: scheduling, launching, sampling
  double host_overhead_per_sequence_s = 0.0;  // of a step, for each sequence in it
  double host_overhead_per_prompt_s = 0.0;    // of a step, for each prompt that it ends
  double host_overhead_per_prompt_token_s = 0.0;
  // Eager launching: host time for the kernels of a layer, where a pass is not replayed as a recorded graph.
  double launch_per_layer_s = 0.0;
  double gpu_memory_utilization = 0.9;  // vLLM gpu_memory_utilization
  double runtime_reserve_bytes = 0.0;   // CUDA context, graphs, communication buffers, on each GPU
  int64_t block_size = 16;              // tokens of a KV block
  int64_t token_budget = 8192;          // tokens a step may process (vLLM max_num_batched_tokens)
  int64_t max_sequences = 256;          // running sequences (vLLM max_num_seqs)
  bool mixed_batches = true;            // a step holds prompts beside decoding calls
  // Prompts and decoding calls of a step in one attention kernel, where the GPU's curve says that there is one.
  bool joint_attention = true;
  bool prefix_caching = true;
  GraphSizes graph_sizes;
  bool frees_windows = true;  // layers with a window keep no token that has left it

  // Whether a recorded graph replays a step of so many decoding sequences.
  bool replays(bool only_decodes, int64_t decoding) const {
    return only_decodes && !graph_sizes.sizes.empty() && decoding <= graph_sizes.sizes.back();
  }
};

template <class Visitor>
void describe(Visitor& v, Engine& e) {
  using config::Bounds, config::kNotNegative;
  v.field("name", e.name, "the word scenarios use");
  v.field("host_overhead", e.host_overhead_s, Dimension::time, kNotNegative,
          "of a step: schedule, launch, sample");
  v.field("host_overhead_per_sequence", e.host_overhead_per_sequence_s, Dimension::time, kNotNegative,
          "of a step, for each sequence in it");
  v.field("host_overhead_per_prompt", e.host_overhead_per_prompt_s, Dimension::time, kNotNegative,
          "of a step, for each prompt that it ends");
  v.field("host_overhead_per_prompt_token", e.host_overhead_per_prompt_token_s, Dimension::time, kNotNegative,
          "of a step, for each prompt token in it");
  v.field("launch_per_layer", e.launch_per_layer_s, Dimension::time, kNotNegative,
          "host time to launch a layer's kernels, in steps that no graph of graph_sizes replays; 0: hidden");
  v.field("gpu_memory_utilization", e.gpu_memory_utilization, Dimension::number, Bounds{0.05, 1.0},
          "share of the GPU's memory the engine may use");
  v.field("runtime_reserve", e.runtime_reserve_bytes, Dimension::bytes, kNotNegative,
          "CUDA context, graphs and buffers on each GPU");
  v.field("block_size", e.block_size, Bounds{1, 4096}, "tokens of a KV block");
  v.field("token_budget", e.token_budget, Bounds{1, 1e6}, "tokens a step may process");
  v.field("max_sequences", e.max_sequences, Bounds{1, 1e5}, "sequences that run at once");
  v.field("mixed_batches", e.mixed_batches,
          "a step holds prompts beside decoding calls; off: prompts go first, in steps of their own");
  v.field("joint_attention", e.joint_attention,
          "one attention kernel for prompts and decoding calls, on GPUs that have one; off: one each");
  v.field("prefix_caching", e.prefix_caching, "finished prompts stay in the cache until evicted");
  v.value("graph_sizes", e.graph_sizes,
          "sizes to which a batch that only decodes is filled up; absent: none");
  v.field("frees_windows", e.frees_windows, "windowed layers keep no token that has left the window");
  v.known("title");
  v.known("provenance");
}

}  // namespace agentsim::model
