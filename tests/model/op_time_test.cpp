#include "sim/model/op_time.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sim/base/contract.hpp"
#include "tests/model/ideal_gpu.hpp"
#include "tests/model/shipped.hpp"

// The reference values are those of an independent implementation of the same equations in Python, in microseconds,
// for constants that a first fit gave.
namespace agentsim::model {
namespace {

constexpr double kTolerance = 1e-3;

const std::vector<platform::Tile> kSixTiles{{64, 64},   {64, 128},  {128, 64},
                                            {128, 128}, {128, 256}, {256, 128}};

platform::GemmEfficiency gemm_curve(double launch_us, double compute, double ramp_us, double tile_half,
                                    double wave_us, double quantisation, double memory, int64_t split_k) {
  platform::GemmEfficiency e;
  e.launch_s = launch_us * 1e-6;
  e.compute = compute;
  e.ramp_s = ramp_us * 1e-6;
  e.tile_half = tile_half;
  e.wave_s = wave_us * 1e-6;
  e.quantisation = quantisation;
  e.memory = memory;
  e.split_k = split_k;
  e.reduce = memory;
  return e;
}

platform::PrefillAttentionEfficiency prefill_curve(double launch_us, double compute, double memory,
                                                   double ramp_us, double overhead) {
  platform::PrefillAttentionEfficiency e;
  e.launch_s = launch_us * 1e-6;
  e.compute = compute;
  e.memory = memory;
  e.ramp_s = ramp_us * 1e-6;
  e.tile_overhead = overhead;
  return e;
}

Accelerator reference_h100() {
  Accelerator g;
  g.name = "h100_sxm";
  g.peak = {989e12, 1979e12, 0.0};
  g.memory_bytes_per_s = 3350e9;
  g.sm_count = 132;
  g.l2_bytes = 50.0 * 1048576.0;
  auto& gemm = g.efficiency.gemm;
  gemm["bf16"] = gemm_curve(1.0, 0.873, 2.08, 32.1, 1.84, 0.01, 0.892, 4);
  gemm["fp8"] = gemm_curve(3.76, 0.714, 4.0, 300, 0.521, 0.201, 0.892, 8);
  gemm["bf16"].tiles = gemm["fp8"].tiles = kSixTiles;
  gemm["fp8"].quantise.launch_s = 5.08e-6;
  gemm["fp8"].quantise.memory = 0.0868;
  auto& prefill = g.efficiency.prefill_attention["bf16"];
  prefill = prefill_curve(6.7, 0.623, 0.6, 3.78, 364);
  prefill.pack_heads = true;
  prefill.cache_memory = 0.481;
  g.efficiency.decode_attention["bf16"] = {11.5e-6, 14.4e-9, 0.899, 943e9, 16};
  g.efficiency.decode_attention["fp8"] = {12.9e-6, 21.8e-9, 0.78, 398e9, 16};
  return g;
}

Accelerator reference_rtx() {
  Accelerator g;
  g.name = "rtx_pro_6000_server";
  g.peak = {467.8e12, 935.6e12, 1871.2e12};
  g.memory_bytes_per_s = 1792e9;
  g.sm_count = 188;
  g.l2_bytes = 128.0 * 1048576.0;
  auto& gemm = g.efficiency.gemm;
  gemm["bf16"] = gemm_curve(1.0, 0.911, 1.46, 30.2, 2.77, 1.0, 0.831, 16);
  gemm["bf16"].tiles = kSixTiles;
  gemm["fp8"] = gemm_curve(2.7, 0.883, 2.96, 0.444, 1.63, 1.0, 0.831, 1);
  gemm["fp8"].quantise.launch_s = 3.3e-6;
  gemm["fp8"].quantise.memory = 1.0;
  auto& prefill = g.efficiency.prefill_attention["bf16"];
  prefill = prefill_curve(2.6, 0.63, 1.0, 0.01, 168);
  prefill.tile = 64;
  g.efficiency.decode_attention["bf16"] = {11.3e-6, 2.19e-9, 0.829, 1e30, 1};
  g.efficiency.decode_attention["fp8"] = {8.65e-6, 0.141e-9, 0.831, 639e9, 32};
  return g;
}

struct Gemm {
  double m, n, k;
  double bf16_h100, fp8_h100, bf16_rtx, fp8_rtx;
};

TEST_CASE("matrix products take the time of the reference implementation") {
  const Accelerator h100 = reference_h100();
  const Accelerator rtx = reference_rtx();
  const Gemm rows[] = {{1, 4096, 4096, 14.348, 18.526, 25.199, 38.535},
                       {128, 10240, 8192, 62.144, 57.143, 123.167, 81.838},
                       {512, 1024, 8192, 17.268, 66.607, 44.599, 75.866},
                       {8192, 8192, 8192, 1332.020, 1500.538, 2667.217, 1500.541}};
  for (const Gemm& r : rows) {
    CAPTURE(r.m);
    CAPTURE(r.n);
    CHECK(gemm_s(h100, "bf16", r.m, r.n, r.k) * 1e6 == doctest::Approx(r.bf16_h100).epsilon(kTolerance));
    CHECK(gemm_s(h100, "fp8", r.m, r.n, r.k) * 1e6 == doctest::Approx(r.fp8_h100).epsilon(kTolerance));
    CHECK(gemm_s(rtx, "bf16", r.m, r.n, r.k) * 1e6 == doctest::Approx(r.bf16_rtx).epsilon(kTolerance));
    CHECK(gemm_s(rtx, "fp8", r.m, r.n, r.k) * 1e6 == doctest::Approx(r.fp8_rtx).epsilon(kTolerance));
  }
}

struct Prefill {
  int sequences;
  Chunk chunk;
  double heads, kv_heads;
  double h100, rtx;
};

TEST_CASE("prefill attention takes the time of the reference implementation") {
  const Accelerator h100 = reference_h100();
  const Accelerator rtx = reference_rtx();
  const Prefill rows[] = {{1, {2048, 0}, 32, 8, 98.826, 156.132},
                          {1, {256, 16384}, 32, 8, 246.785, 353.952},
                          {4, {512, 0}, 8, 1, 20.942, 21.691},
                          {1, {128, 100000}, 8, 1, 1417.697, 2099.08}};
  for (const Prefill& r : rows) {
    CAPTURE(r.chunk.tokens);
    const AttentionShape shape{r.heads, r.kv_heads, 128, "bf16"};
    const std::vector<Chunk> chunks(static_cast<size_t>(r.sequences), r.chunk);
    CHECK(prefill_attention_s(h100, shape, chunks) * 1e6 == doctest::Approx(r.h100).epsilon(kTolerance));
    CHECK(prefill_attention_s(rtx, shape, chunks) * 1e6 == doctest::Approx(r.rtx).epsilon(kTolerance));
  }
}

struct Decode {
  double sequences, context, kv_heads;
  double bf16_h100, bf16_rtx, fp8_h100, fp8_rtx;
};

TEST_CASE("decode attention takes the time of the reference implementation") {
  const Accelerator h100 = reference_h100();
  const Accelerator rtx = reference_rtx();
  const auto microseconds = [](const Accelerator& on, const Decode& r, const std::string& kv) {
    const Affine t = decode_attention_s(on, {r.kv_heads * 8, r.kv_heads, 128, kv}, r.sequences);
    return (t.fixed_s + t.per_token_s * r.context) * 1e6;
  };
  const Decode rows[] = {{1, 1000, 8, 12.86, 14.057, 13.684, 10.025},
                         {64, 262144, 8, 373.501, 734.792, 226.646, 369.217},
                         {16, 524288, 1, 296.161, 191.996, 350.13, 218.693},
                         {256, 262144, 2, 106.104, 192.705, 72.549, 98.826}};
  for (const Decode& r : rows) {
    CAPTURE(r.sequences);
    CHECK(microseconds(h100, r, "bf16") == doctest::Approx(r.bf16_h100).epsilon(kTolerance));
    CHECK(microseconds(rtx, r, "bf16") == doctest::Approx(r.bf16_rtx).epsilon(kTolerance));
    CHECK(microseconds(h100, r, "fp8") == doctest::Approx(r.fp8_h100).epsilon(kTolerance));
    CHECK(microseconds(rtx, r, "fp8") == doctest::Approx(r.fp8_rtx).epsilon(kTolerance));
  }
}

TEST_CASE("an elementwise kernel finds the first half of the L2 there") {
  // Given 1 TB/s, 100 MB of L2, 2 us of launch, half the bandwidth from memory and twice from the L2.
  Accelerator g;
  g.memory_bytes_per_s = 1e12;
  g.l2_bytes = 100e6;
  g.efficiency.elementwise = {2e-6, 0.5, 2.0};
  CHECK(elementwise_s(g, 10e6) == doctest::Approx(2e-6 + 10e6 / 2e12));
  CHECK(elementwise_s(g, 80e6) == doctest::Approx(2e-6 + 50e6 / 2e12 + 30e6 / 0.5e12));
}

TEST_CASE("a large matrix product on an ideal GPU is bound by the peak") {
  // Given one tile of 128x128 and 40x100 of them in whole waves: 2 m n k / peak, the memory far below.
  const double t = gemm_s(ideal(), "bf16", 128 * 40, 128 * 100, 8192);
  const double compute = 2.0 * 5120 * 12800 * 8192 / 100e12;
  CHECK(t == doctest::Approx(compute).epsilon(1e-4));
  CHECK(t >= compute);
}

TEST_CASE("a matrix and a vector on an ideal GPU are bound by the memory") {
  // A thousand tiles of 128x128 for m = 1: compute is 1/4 of memory, which adds a thousandth: (1 +
  // 4^-4)^(1/4).
  Accelerator g = ideal();
  g.peak.bf16 = 1e18;
  const double bytes = (1.0 + 128000.0) * 4096.0 * 2.0 + 2.0 * 128000.0;
  CHECK(gemm_s(g, "bf16", 1, 128000, 4096) == doctest::Approx(bytes / 1e12).epsilon(1e-6));
}

TEST_CASE("compute and memory bound join as the fourth root of fourth powers") {
  // Given a peak at which both take the same time, then the product takes 2^(1/4) of it.
  Accelerator g = ideal();
  const double bytes = (1280.0 + 1280.0) * 1024.0 * 2.0 + 2.0 * 1280.0 * 1280.0;
  g.peak.bf16 = 2.0 * 1280.0 * 1280.0 * 1024.0 / (bytes / 1e12);
  CHECK(gemm_s(g, "bf16", 1280, 1280, 1024) ==
        doctest::Approx(bytes / 1e12 * std::pow(2.0, 0.25)).epsilon(1e-12));
}

TEST_CASE("a last wave that is not full costs as much as the quantisation says") {
  // Given 15 tiles on 10 multiprocessors, then 1.5 waves, or 2 where waves are whole.
  Accelerator g = ideal();
  g.memory_bytes_per_s = 1e30;
  const double tile = 2.0 * 128 * 128 * 4096 / 10e12;
  g.efficiency.gemm["bf16"].quantisation = 0.0;
  CHECK(gemm_s(g, "bf16", 128, 15 * 128, 4096) == doctest::Approx(1.5 * tile));
  g.efficiency.gemm["bf16"].quantisation = 1.0;
  CHECK(gemm_s(g, "bf16", 128, 15 * 128, 4096) == doctest::Approx(2.0 * tile));
  g.efficiency.gemm["bf16"].quantisation = 0.5;
  CHECK(gemm_s(g, "bf16", 128, 15 * 128, 4096) == doctest::Approx(1.75 * tile));
  // One tile takes as long as ten.
  CHECK(gemm_s(g, "bf16", 1, 1, 4096) == doctest::Approx(tile));
  CHECK(gemm_s(g, "bf16", 128, 10 * 128, 4096) == doctest::Approx(tile));
}

TEST_CASE("splitting the inner dimension uses idle multiprocessors and pays for the sum") {
  // Given one tile on 10 multiprocessors and k = 8192: 8 splits take an eighth and move 8 x 8 x m x n bytes.
  Accelerator g = ideal();
  g.efficiency.gemm["bf16"].split_k = 8;
  const double whole = 2.0 * 128 * 128 * 8192 / 10e12;
  const double bytes = 256.0 * 8192 * 2 + 2.0 * 128 * 128;
  const double work = whole / 8 + 8.0 * 8 * 128 * 128 / 1e12;
  const double expected = std::pow(std::pow(work, 4) + std::pow(bytes / 1e12, 4), 0.25);
  CHECK(gemm_s(g, "bf16", 128, 128, 8192) == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("a product that a rule fits takes its tile, others the fastest") {
  // Given tiles of 16x64 up to 16x1024, else of 128x128: 16 of them in two waves of 10, or 8 or 9 in one.
  Accelerator g = ideal();
  g.memory_bytes_per_s = 1e30;
  auto& e = g.efficiency.gemm["bf16"];
  e.rules = {{16, 1024, {16, 64}}};
  CHECK(gemm_s(g, "bf16", 16, 1024, 4096) == doctest::Approx(2.0 * 2.0 * 16 * 64 * 4096 / 10e12));
  CHECK(gemm_s(g, "bf16", 17, 1024, 4096) == doctest::Approx(2.0 * 128 * 128 * 4096 / 10e12));
  CHECK(gemm_s(g, "bf16", 16, 1025, 4096) == doctest::Approx(2.0 * 128 * 128 * 4096 / 10e12));
}

TEST_CASE("the prologue and epilogue of a tile grow with its area") {
  Accelerator g = ideal();
  g.memory_bytes_per_s = 1e30;
  auto& e = g.efficiency.gemm["bf16"];
  e.tiles = {{256, 128}};
  const double without = gemm_s(g, "bf16", 256, 128, 4096);
  e.wave_s = 1e-6;
  CHECK(gemm_s(g, "bf16", 256, 128, 4096) - without == doctest::Approx(2e-6));
}

TEST_CASE("a model whose norms quantise the activations pays that instead of a kernel") {
  Accelerator h100 = reference_h100();
  h100.quantise_fused.memory = 0.6;
  const double m = 512, n = 4096, k = 8192;
  // launch 5.08 us and 0.0868 of the bandwidth by itself, no launch and 0.6 of it in the norm.
  const double expected = 5.08e-6 + 3.0 * m * k / 3.35e12 * (1 / 0.0868 - 1 / 0.6);
  CHECK(gemm_s(h100, "fp8", m, n, k, false) - gemm_s(h100, "fp8", m, n, k, true) ==
        doctest::Approx(expected));
  CHECK(gemm_s(h100, "bf16", m, n, k, false) == gemm_s(h100, "bf16", m, n, k, true));
}

TEST_CASE("weights in the L2 are a benchmark's, not a model's") {
  // Given an L2 of 100 MB that holds a fifth of it between repetitions at three times the memory's 1 TB/s.
  Accelerator g = ideal();
  g.peak.bf16 = 1e30;
  g.l2_bytes = 100e6;
  g.efficiency.gemm["bf16"].warm = {0.2, 3.0};
  const double small = (1.0 + 4096.0) * 2000.0 * 2.0 + 2.0 * 4096.0,
               large = (1.0 + 4096.0) * 4000.0 * 2.0 + 2.0 * 4096.0,
               between = (1.0 + 4096.0) * 3000.0 * 2.0 + 2.0 * 4096.0;
  CHECK(gemm_s(g, "bf16", 1, 4096, 2000) == doctest::Approx(small / 3e12));
  CHECK(gemm_s(g, "bf16", 1, 4096, 2000, true) == doctest::Approx(small / 1e12));
  CHECK(gemm_s(g, "bf16", 1, 4096, 4000) == doctest::Approx(large / 1e12));
  // From 20 MB to 30 MB the warm share falls from all to none.
  const double warm = 3.0 - 2.0 * between / 20e6;
  CHECK(gemm_s(g, "bf16", 1, 4096, 3000) == doctest::Approx(between * (warm / 3e12 + (1.0 - warm) / 1e12)));
}

TEST_CASE("activations up to a share of the L2 are quantised there") {
  // Given 3 m k = 30 MB and 96 MB, of which 20 MB move at 0.8 and the others at 0.1 of 1 TB/s.
  Accelerator g = ideal();
  g.l2_bytes = 40e6;
  const double plain_small = gemm_s(g, "bf16", 2500, 1, 4000), plain_large = gemm_s(g, "bf16", 8000, 1, 4000);
  g.efficiency.gemm["bf16"].quantise = {1e-6, 0.1, 0.5, 0.8};
  CHECK(gemm_s(g, "bf16", 2500, 1, 4000) - plain_small ==
        doctest::Approx(1e-6 + 20e6 / 0.8e12 + 10e6 / 0.1e12));
  CHECK(gemm_s(g, "bf16", 8000, 1, 4000) - plain_large ==
        doctest::Approx(1e-6 + 20e6 / 0.8e12 + 76e6 / 0.1e12));
}

TEST_CASE("the copy into the cache is hidden up to a share of the L2 and costs each token") {
  Accelerator g = ideal();
  g.l2_bytes = 1e6;
  const AttentionShape shape{8, 8, 128, "bf16"};
  const double alone = prefill_attention_s(g, shape, {{1000, 0}});
  auto& e = g.efficiency.prefill_attention["bf16"];
  e.cache_memory = 0.5;
  e.cache_l2 = 2.0;
  e.cache_token_s = 3e-9;
  const double copied = 2.0 * 1000.0 * 8.0 * 128.0 * 4.0;
  CHECK(prefill_attention_s(g, shape, {{1000, 0}}) - alone ==
        doctest::Approx((copied - 2e6) / 0.5e12 + 3e-6));
  // One KV head of 128 elements keeps a quarter of the threads of a block, so that four times as many blocks run.
  e.cache_l2 = 4.0;
  const double free_of_copies = prefill_attention_s(g, {8, 1, 128, "bf16"}, {{1000, 0}});
  e.cache_token_s = 7e-9;
  CHECK(prefill_attention_s(g, {8, 1, 128, "bf16"}, {{1000, 0}}) - free_of_copies == doctest::Approx(1e-6));
}

TEST_CASE("causal attention on an ideal GPU does half the work of a square") {
  // Given many tiles: 4 c (c + tile) / 2 d FLOP a head.
  Accelerator g = ideal();
  g.memory_bytes_per_s = 1e30;
  const double c = 16384, heads = 20, d = 128;
  const double t = prefill_attention_s(g, {heads, heads, d, "bf16"}, {{c, 0}});
  CHECK(t == doctest::Approx(heads * 4.0 * c * (c + 128) / 2 * d / 100e12).epsilon(1e-9));
  // Cached tokens are a full rectangle.
  const double more = prefill_attention_s(g, {heads, heads, d, "bf16"}, {{c, 10000}});
  CHECK(more - t == doctest::Approx(heads * 4.0 * c * 10000 * d / 100e12).epsilon(1e-9));
}

TEST_CASE("a short chunk over a long prefix takes as long as one tile") {
  // Given 2 tiles on 10 multiprocessors, then each walks over all keys alone.
  Accelerator g = ideal();
  g.memory_bytes_per_s = 1e30;
  const double t = prefill_attention_s(g, {2, 2, 128, "bf16"}, {{128, 50000}});
  CHECK(t == doctest::Approx((50000.0 + 128.0) * 4.0 * 128 * 128 / 10e12));
}

TEST_CASE("no chunks and no sequences take no time") {
  const Accelerator h100 = gpu("h100_sxm");
  CHECK(prefill_attention_s(h100, {8, 1, 128, "bf16"}, {}) == 0.0);
  CHECK(decode_attention_s(h100, {8, 1, 128, "bf16"}, 0).fixed_s == 0.0);
  CHECK(decode_attention_s(h100, {8, 1, 128, "bf16"}, 0).per_token_s == 0.0);
}

TEST_CASE("decode attention on an ideal GPU reads the cache once") {
  // Given 2 x 8 heads x 128 x 2 B a token at 1 TB/s.
  const Affine t = decode_attention_s(ideal(), {32, 8, 128, "bf16"}, 4);
  CHECK(t.fixed_s == 0.0);
  CHECK(t.per_token_s == doctest::Approx(4096.0 / 1e12));
}

TEST_CASE("longer and wider products never take less time") {
  for (const char* name : {"a100_sxm_80gb", "h100_sxm", "l40s", "rtx_pro_6000_server"}) {
    const Accelerator g = gpu(name);
    for (const auto& [dtype, curve] : g.efficiency.gemm) {
      double before = 0.0;
      for (double m = 1; m <= 9000; m = std::ceil(m * 1.1)) {
        const double t = gemm_s(g, dtype, m, 10240, 8192);
        CAPTURE(m);
        CHECK(t >= before);
        before = t;
      }
    }
  }
}

TEST_CASE("a data type without constants breaks a contract that names the GPU") {
  CHECK_THROWS_WITH_AS(gemm_s(gpu("h100_sxm"), "nvfp4", 1, 1, 1),
                       "the gpu h100_sxm has no gemm constants for nvfp4", ContractViolation);
}

}  // namespace
}  // namespace agentsim::model
