#include "sim/model/op_time.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sim/base/contract.hpp"
#include "tests/model/shipped.hpp"

// The reference values are those of the independent implementation in platforms/fit/first_fit.py, in
// microseconds.
namespace agentsim::model {
namespace {

constexpr double kTolerance = 1e-3;

struct Gemm {
  double m, n, k;
  double bf16_h100, fp8_h100, bf16_rtx, fp8_rtx;
};

TEST_CASE("matrix products take the time of the reference implementation") {
  const Accelerator h100 = gpu("h100_sxm");
  const Accelerator rtx = gpu("rtx_pro_6000_server");
  const Gemm rows[] = {{1, 4096, 4096, 14.388, 18.536, 25.394, 38.535},
                       {128, 10240, 8192, 62.329, 57.143, 123.509, 81.838},
                       {512, 1024, 8192, 18.465, 66.607, 46.624, 75.866},
                       {8192, 8192, 8192, 1303.466, 1492.405, 2636.749, 1500.541}};
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
  const Accelerator h100 = gpu("h100_sxm");
  const Accelerator rtx = gpu("rtx_pro_6000_server");
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
  const Accelerator h100 = gpu("h100_sxm");
  const Accelerator rtx = gpu("rtx_pro_6000_server");
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

TEST_CASE("elementwise kernels take the time of the reference implementation") {
  const Accelerator h100 = gpu("h100_sxm");
  const Accelerator rtx = gpu("rtx_pro_6000_server");
  const double rows[][3] = {{0x1p16, 2.204, 2.434}, {0x1p24, 10.805, 6.063}, {0x1p28, 132.985, 156.394}};
  for (const auto& [bytes, on_h100, on_rtx] : rows) {
    CAPTURE(bytes);
    CHECK(elementwise_s(h100, bytes) * 1e6 == doctest::Approx(on_h100).epsilon(kTolerance));
    CHECK(elementwise_s(rtx, bytes) * 1e6 == doctest::Approx(on_rtx).epsilon(kTolerance));
  }
}

// A GPU without overheads: 100 TFLOP/s on 10 multiprocessors and 1 TB/s.
Accelerator ideal() {
  Accelerator g;
  g.name = "ideal";
  g.peak = {100e12, 200e12, 0.0};
  g.sm_count = 10;
  g.memory_bytes_per_s = 1e12;
  g.efficiency.gemm["bf16"] = {};
  g.efficiency.prefill_attention["bf16"] = {};
  g.efficiency.decode_attention["bf16"] = {};
  return g;
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

TEST_CASE("a model whose norms quantise the activations pays that instead of a kernel") {
  const Accelerator h100 = gpu("h100_sxm");
  const double m = 512, n = 4096, k = 8192;
  // launch 5.08 us and 0.0868 of the bandwidth by itself, no launch and 0.6 of it in the norm.
  const double expected = 5.08e-6 + 3.0 * m * k / 3.35e12 * (1 / 0.0868 - 1 / 0.6);
  CHECK(gemm_s(h100, "fp8", m, n, k, false) - gemm_s(h100, "fp8", m, n, k, true) ==
        doctest::Approx(expected));
  CHECK(gemm_s(h100, "bf16", m, n, k, false) == gemm_s(h100, "bf16", m, n, k, true));
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
  for (const char* name : {"h100_sxm", "rtx_pro_6000_server"}) {
    const Accelerator g = gpu(name);
    for (const char* dtype : {"bf16", "fp8"}) {
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
