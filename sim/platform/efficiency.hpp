#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"

// The fitted constants of an accelerator's kernels. sim/model/op_time.hpp has the equations they belong to.
namespace agentsim::platform {

struct Tile {
  double m = 128.0;
  double n = 128.0;
};

// The tile a library takes for products of up to m x n, whatever would be fastest.
struct TileRule {
  double m = 0.0;
  double n = 0.0;  // infinite: any
  Tile tile;
};

// Experts of one GPU.
struct ExpertsShape {
  double experts = 0.0;
  double inter = 0.0;  // width of one of them
};

// Operands that a repeated benchmark finds in the L2, and a whole model does not.
struct Warm {
  double l2 =
      0.0;  // what takes up to this share of the L2 is warm, from 1.5 times that nothing is; 0: nothing
  double memory = 1.0;
};

struct Quantise {
  double launch_s = 0.0;
  double memory = 0.0;  // 0: the GEMM takes its operands as they are
  double l2 = 0.0;      // activations up to this share of the L2 move at `cached`
  double cached = 1.0;
};

struct GemmEfficiency {
  double launch_s = 0.0;
  double compute = 1.0;
  double memory = 1.0;
  double ramp_s = 0.0;
  double tile_half = 0.0;
  double wave_s = 0.0;
  double quantisation = 1.0;
  int64_t split_k = 1;
  double reduce = 1.0;
  std::vector<Tile> tiles{{}};
  std::vector<TileRule>
      rules;  // the first that fits a product names its tile; without one, the fastest of `tiles`
  Warm warm;
  Quantise quantise;
};

struct MoEEfficiency {
  double launch_s = 0.0;
  double compute = 1.0;
  double memory = 1.0;
  double compute_many = 1.0;
  double memory_many = 1.0;
  double around = 1.0;
  double around_cached = 1.0;
  double tile = 16.0;
  double tile_many = 64.0;
  double columns = 64.0;
  std::vector<ExpertsShape> tuned;  // those that the library has tuned tiles for
  bool all_tuned = false;  // the library that simulations use has tiles for all; one before it for `tuned`
  double tuned_compute = 1.0;
  double tuned_memory = 1.0;
  Warm warm;
};

struct PrefillAttentionEfficiency {
  double launch_s = 0.0;
  double compute = 1.0;
  double memory = 1.0;
  double ramp_s = 0.0;
  double quantisation = 1.0;
  double tile = 128.0;
  double tile_overhead = 0.0;
  bool pack_heads = false;
  int64_t split_kv = 1;
  double cache_memory = 0.0;  // 0: the copy into the cache is not part of the kernel
  double cache_l2 = 0.0;
  double cache_token_s = 0.0;
  bool joins_decode = false;  // a step with prompts and decodes is one call of this kernel
};

struct DecodeAttentionEfficiency {
  double launch_s = 0.0;
  double per_sequence_s = 0.0;
  double memory = 1.0;
  double head_stream_bytes_per_s = 1e30;
  double head_stream_batch = 1.0;
  double served_head_stream_bytes_per_s = 0.0;  // head_stream inside the steps of an engine; 0: the same
};

struct ElementwiseEfficiency {
  double launch_s = 0.0;
  double memory = 1.0;
  double cached = 1.0;
};

struct Efficiency {
  std::map<std::string, GemmEfficiency> gemm;                           // by data type
  std::map<std::string, MoEEfficiency> moe;                             // those missing: by gemm's
  std::map<std::string, PrefillAttentionEfficiency> prefill_attention;  // by data type of the KV cache
  std::map<std::string, DecodeAttentionEfficiency> decode_attention;
  ElementwiseEfficiency elementwise;
};

// "128x256"
void parse(const config::Value& value, Tile& tile, Diagnostics& diagnostics);
void parse(const config::Value& value, std::vector<Tile>& tiles, Diagnostics& diagnostics);
nlohmann::ordered_json dump_json(const std::vector<Tile>& tiles);

// "16x8192->16x64", "16x*->32x64"
void parse(const config::Value& value, std::vector<TileRule>& rules, Diagnostics& diagnostics);
nlohmann::ordered_json dump_json(const std::vector<TileRule>& rules);
std::string to_text(const TileRule& rule);

// "8x14336"
void parse(const config::Value& value, std::vector<ExpertsShape>& shapes, Diagnostics& diagnostics);
nlohmann::ordered_json dump_json(const std::vector<ExpertsShape>& shapes);
std::string to_text(const ExpertsShape& shape);

template <class Visitor>
void describe(Visitor& v, Warm& w) {
  v.field("l2", w.l2, Dimension::number, config::Bounds{0.0, 2.0},
          "share of the L2 that holds operands between repetitions");
  v.field("memory", w.memory, Dimension::number, config::Bounds{1e-3, 100.0},
          "their bandwidth, as a share of the memory's");
}

template <class Visitor>
void describe(Visitor& v, Quantise& q) {
  v.field("launch", q.launch_s, Dimension::time, config::kNotNegative, "fixed time");
  v.field("memory", q.memory, Dimension::number, config::kFraction, "share of the memory bandwidth");
  v.field("l2", q.l2, Dimension::number, config::Bounds{0.0, 4.0},
          "share of the L2 up to which activations stay in it");
  v.field("cached", q.cached, Dimension::number, config::Bounds{1e-3, 100.0}, "the bandwidth of those");
}

template <class Visitor>
void describe(Visitor& v, GemmEfficiency& e) {
  using config::kFraction, config::kNotNegative, config::Bounds;
  v.field("launch", e.launch_s, Dimension::time, kNotNegative, "fixed time of a kernel");
  v.field("compute", e.compute, Dimension::number, Bounds{1e-3, 1.0},
          "share of the peak rate of a full device");
  v.field("memory", e.memory, Dimension::number, Bounds{1e-3, 1.0}, "share of the memory bandwidth");
  v.field("ramp", e.ramp_s, Dimension::time, kNotNegative, "time until the memory pipes are full");
  v.field("tile_half", e.tile_half, Dimension::number, kNotNegative,
          "tile intensity that reaches half the rate");
  v.field("wave", e.wave_s, Dimension::time, kNotNegative,
          "prologue and epilogue of a wave of 128x128 tiles");
  v.field("quantisation", e.quantisation, Dimension::number, kFraction,
          "1: waves are whole, 0: they overlap");
  v.field("split_k", e.split_k, Bounds{1, 4096}, "largest split of the inner dimension");
  v.field("reduce", e.reduce, Dimension::number, Bounds{1e-3, 100.0},
          "bandwidth of the partial sums of a split, as a share of the memory's");
  v.value("tiles", e.tiles, "output tiles the library chooses from, as 128x256");
  v.value("rules", e.rules, "tiles the library takes up to a size, as 16x8192->16x64");
  v.section("warm", e.warm, "weights in the L2 of a repeated benchmark");
  v.section("quantise", e.quantise, "the kernel that quantises the activations");
}

template <class Visitor>
void describe(Visitor& v, MoEEfficiency& e) {
  using config::kNotNegative, config::Bounds;
  const Bounds share{1e-3, 1.0}, cached{1e-3, 100.0}, tile{1, 4096};
  v.field("launch", e.launch_s, Dimension::time, kNotNegative, "fixed time of all kernels of the layer");
  v.field("compute", e.compute, Dimension::number, share, "share of the peak, few tokens");
  v.field("memory", e.memory, Dimension::number, share, "share of the memory bandwidth, few tokens");
  v.field("compute_many", e.compute_many, Dimension::number, share,
          "share of the peak, more tokens than experts");
  v.field("memory_many", e.memory_many, Dimension::number, share,
          "share of the memory bandwidth, more tokens than experts");
  v.field("around", e.around, Dimension::number, cached, "memory share of the kernels around the products");
  v.field("around_cached", e.around_cached, Dimension::number, cached,
          "the same for what fits in half of the L2");
  v.field("tile", e.tile, Dimension::number, tile, "rows of a tile, few tokens");
  v.field("tile_many", e.tile_many, Dimension::number, tile, "rows of a tile, more tokens than experts");
  v.field("columns", e.columns, Dimension::number, tile, "columns of a tile");
  v.value("tuned", e.tuned, "shapes with tuned tiles, as 8x14336: experts and their width on this GPU");
  v.field("all_tuned", e.all_tuned, "all shapes are, in the library that simulations use");
  v.field("tuned_compute", e.tuned_compute, Dimension::number, share, "share of the peak of those");
  v.field("tuned_memory", e.tuned_memory, Dimension::number, share, "share of the memory bandwidth of those");
  v.section("warm", e.warm, "weights in the L2 of a repeated benchmark");
}

template <class Visitor>
void describe(Visitor& v, PrefillAttentionEfficiency& e) {
  using config::kFraction, config::kNotNegative, config::Bounds;
  v.field("launch", e.launch_s, Dimension::time, kNotNegative, "fixed time of a kernel");
  v.field("compute", e.compute, Dimension::number, Bounds{1e-3, 1.0},
          "share of the bf16 peak of a full device");
  v.field("memory", e.memory, Dimension::number, Bounds{1e-3, 1.0}, "share of the memory bandwidth");
  v.field("ramp", e.ramp_s, Dimension::time, kNotNegative, "time until the device is full");
  v.field("quantisation", e.quantisation, Dimension::number, kFraction,
          "1: waves are whole, 0: they overlap");
  v.field("tile", e.tile, Dimension::number, Bounds{1, 4096}, "query rows of a tile");
  v.field("tile_overhead", e.tile_overhead, Dimension::number, kNotNegative, "of a tile, in keys");
  v.field("pack_heads", e.pack_heads, "query heads of one KV head share a tile");
  v.field("split_kv", e.split_kv, Bounds{1, 4096}, "largest split of the keys");
  v.field("cache_memory", e.cache_memory, Dimension::number, kFraction,
          "bandwidth share of the copy into the cache");
  v.field("cache_l2", e.cache_l2, Dimension::number, Bounds{0.0, 4.0},
          "share of the L2 up to which that copy is hidden");
  v.field("cache_token", e.cache_token_s, Dimension::time, kNotNegative, "of that copy, for each new token");
  v.field("joins_decode", e.joins_decode, "decoding sequences of a mixed step go through this kernel");
}

template <class Visitor>
void describe(Visitor& v, DecodeAttentionEfficiency& e) {
  using config::kNotNegative, config::Bounds;
  v.field("launch", e.launch_s, Dimension::time, kNotNegative, "fixed time of a kernel");
  v.field("per_sequence", e.per_sequence_s, Dimension::time, kNotNegative,
          "per KV head and sequence beyond the SMs");
  v.field("memory", e.memory, Dimension::number, Bounds{1e-3, 1.0}, "share of the memory bandwidth");
  v.field("head_stream", e.head_stream_bytes_per_s, Dimension::bandwidth, config::kPositive,
          "of one KV head alone");
  v.field("head_stream_batch", e.head_stream_batch, Dimension::number, Bounds{1, 4096},
          "sequences one stream serves");
  v.field("served_head_stream", e.served_head_stream_bytes_per_s, Dimension::bandwidth, kNotNegative,
          "head_stream inside the steps of an engine; absent: the same");
}

template <class Visitor>
void describe(Visitor& v, ElementwiseEfficiency& e) {
  v.field("launch", e.launch_s, Dimension::time, config::kNotNegative, "fixed time of a kernel");
  v.field("memory", e.memory, Dimension::number, config::Bounds{1e-3, 1.0}, "share of the memory bandwidth");
  v.field("cached", e.cached, Dimension::number, config::Bounds{1e-3, 100.0},
          "the same for what fits in the L2");
}

template <class Visitor>
void describe(Visitor& v, Efficiency& e) {
  using config::Need;
  const Need need =
      e.gemm.empty() ? Need::required : Need::optional;  // a relative's curves may be there already
  v.named_sections("gemm", e.gemm, "matrix products, by data type", need);
  v.named_sections("moe", e.moe, "experts, by data type; without: by the curve of gemm");
  v.named_sections("prefill_attention", e.prefill_attention, "attention of new tokens, by KV type", need);
  v.named_sections("decode_attention", e.decode_attention, "attention of one new token, by KV type", need);
  v.section("elementwise", e.elementwise, "norms, rotary, activation", need);
}

}  // namespace agentsim::platform
