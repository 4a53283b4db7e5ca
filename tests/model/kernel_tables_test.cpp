#include "sim/model/kernel_tables.hpp"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "sim/config/library.hpp"
#include "sim/model/expert_load.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

TEST_CASE("matrix products that follow the table take what was measured at its points") {
  const Accelerator g = with_kernels("tables", gpu("rtx_pro_6000_server"));
  MeasuredTable table;
  read_measured((config::Library::root() / "platforms/measured/rtx_pro_6000_server/gemm.csv.gz").string(),
                table);
  for (size_t i = 0; i < table.gemm.size(); i += 97) {
    const MeasuredGemm& row = table.gemm[i];
    CAPTURE(row.m);
    CHECK(gemm_s(g, row.dtype, row.m, row.n, row.k) == doctest::Approx(row.seconds).epsilon(1e-9));
  }
}

// Two points in each direction of a GPU without overheads, whose curve takes 2 m n k / (100 TFLOP/s) for large tiles.
struct Toy {
  Accelerator gpu;
  std::vector<MeasuredGemm> rows;

  Toy() {
    gpu.name = "toy";
    gpu.peak = {100e12, 0.0, 0.0};
    gpu.sm_count = 1;
    gpu.memory_bytes_per_s = 1e30;
    gpu.efficiency.gemm["bf16"] = {};
    for (const double m : {128.0, 512.0})
      for (const double n : {128.0, 512.0})
        for (const double k : {64.0, 256.0}) {
          MeasuredGemm row;
          row.dtype = "bf16";
          row.m = m, row.n = n, row.k = k;
          // Twice the curve for small m, eight times for large.
          row.seconds = (m < 200.0 ? 2.0 : 8.0) * gemm_s(gpu, "bf16", m, n, k);
          rows.push_back(row);
        }
  }
  KernelTables tables() const {
    MeasuredTable table;
    table.gemm = rows;
    return {gpu, table};
  }
};

TEST_CASE("between the points of a table the ratio to the curve is interpolated in logarithms") {
  const KernelTables tables = Toy().tables();
  CHECK(tables.gemm("bf16", 128, 64).at(128) == doctest::Approx(2.0));
  CHECK(tables.gemm("bf16", 300, 100).at(512) == doctest::Approx(8.0));
  // 256 is half way from 128 to 512, and 4 half way from 2 to 8.
  CHECK(tables.gemm("bf16", 200, 128).at(256) == doctest::Approx(4.0));
}

TEST_CASE("outside a table the ratio is that of the nearest edge") {
  const KernelTables tables = Toy().tables();
  CHECK(tables.gemm("bf16", 128, 64).at(1) == doctest::Approx(2.0));
  CHECK(tables.gemm("bf16", 1e6, 1e6).at(1e6) == doctest::Approx(8.0));
  CHECK(tables.gemm("fp8", 128, 64).empty());
}

TEST_CASE("a point that was not measured takes the ratio of the same matrix at other sizes") {
  Toy toy;
  toy.rows.erase(toy.rows.begin() + 1);  // 128 x 128, k = 256
  CHECK(toy.tables().gemm("bf16", 128, 256).at(128) == doctest::Approx(8.0));
}

TEST_CASE("experts that follow the table take what was measured, on average over its loads") {
  const Accelerator bare = gpu("h100_sxm");
  const Accelerator g = with_kernels("tables", bare);
  MeasuredMoE row;
  row.dtype = "bf16";
  row.tokens = 64;
  row.hidden = 2048, row.inter = 768, row.topk = 8, row.experts = 128, row.tp = 2;
  MeasuredTable table;
  for (const auto& [distribution, factor] : {std::pair("balanced", 2.0), {"power_law_1.2", 8.0}}) {
    row.distribution = distribution;
    row.seconds = factor * moe_s(bare, shape_of(row), row.tokens);
    table.moe.push_back(row);
  }
  const Accelerator toy = with_tables(bare, table);
  MoEShape shape = shape_of(row);
  CHECK(moe_s(toy, shape, 64) == doctest::Approx(4.0 * moe_s(bare, shape, 64)));
  CHECK(moe_s(toy, shape, 1000) == doctest::Approx(4.0 * moe_s(bare, shape, 1000)));
  shape.inter *= 2;  // was not measured
  CHECK(moe_s(toy, shape, 64) == moe_s(bare, shape, 64));
  CHECK(moe_s(g, shape_of(row), 64) != moe_s(bare, shape_of(row), 64));
}

TEST_CASE("attention of prompts that follows the table takes what was measured for as many even chunks") {
  const Accelerator bare = gpu("h100_sxm");
  const AttentionShape shape{8, 1, 128, "bf16"};
  MeasuredTable table;
  for (const double sequences : {1.0, 4.0})
    for (const double tokens : {100.0, 10'000.0}) {
      MeasuredPrefill row;
      row.shape = shape;
      row.sequences = sequences;
      row.chunk = {tokens, 0.0};
      const std::vector<Chunk> chunks(static_cast<size_t>(sequences), row.chunk);
      row.seconds = (sequences > 2.0 ? 8.0 : 2.0) * prefill_attention_s(bare, shape, chunks);
      table.prefill_attention.push_back(row);
    }
  const Accelerator toy = with_tables(bare, table);
  const auto ratio = [&](const AttentionShape& of, const std::vector<Chunk>& chunks) {
    return prefill_attention_s(toy, of, chunks) / prefill_attention_s(bare, of, chunks);
  };
  CHECK(ratio(shape, {{100, 0}}) == doctest::Approx(2.0));
  CHECK(ratio(shape, {{10'000, 0}}) == doctest::Approx(2.0));
  CHECK(ratio(shape, {{500, 0}, {500, 0}}) == doctest::Approx(4.0));  // half way from 1 to 4 sequences
  CHECK(ratio(shape, std::vector<Chunk>(9, {50, 700})) == doctest::Approx(8.0));
  // One long chunk beside a few tokens is nearly alone.
  CHECK(ratio(shape, {{5000, 0}, {1, 0}, {1, 0}}) == doctest::Approx(2.0).epsilon(0.01));
  CHECK(ratio({16, 2, 128, "bf16"}, {{100, 0}}) == 1.0);  // was not measured
  AttentionShape windowed = shape;
  windowed.window = 128;
  CHECK(ratio(windowed, {{100, 0}}) == 1.0);
}

TEST_CASE("kernels: fitted leaves the curves alone, and only GPUs with tables can follow them") {
  const Accelerator g = gpu("rtx_pro_6000_server");
  CHECK(gemm_s(with_kernels("fitted", g), "bf16", 100, 5000, 5000) == gemm_s(g, "bf16", 100, 5000, 5000));
  CHECK(has_tables(g));
  CHECK_FALSE(has_tables(gpu("rtx_4090")));
}

}  // namespace
}  // namespace agentsim::model
