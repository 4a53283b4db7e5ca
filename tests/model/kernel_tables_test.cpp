#include "sim/model/kernel_tables.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/config/library.hpp"
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
};

TEST_CASE("between the points of a table the ratio to the curve is interpolated in logarithms") {
  const Toy toy;
  const GemmCorrection correction(toy.gpu, toy.rows);
  CHECK(correction("bf16", 128, 128, 64) == doctest::Approx(2.0));
  CHECK(correction("bf16", 512, 300, 100) == doctest::Approx(8.0));
  // 256 is half way from 128 to 512, and 4 half way from 2 to 8.
  CHECK(correction("bf16", 256, 200, 128) == doctest::Approx(4.0));
}

TEST_CASE("outside a table the ratio is that of the nearest edge") {
  const Toy toy;
  const GemmCorrection correction(toy.gpu, toy.rows);
  CHECK(correction("bf16", 1, 128, 64) == doctest::Approx(2.0));
  CHECK(correction("bf16", 1e6, 1e6, 1e6) == doctest::Approx(8.0));
  CHECK(correction("fp8", 128, 128, 64) == 1.0);
}

TEST_CASE("a point that was not measured takes the ratio of a neighbour") {
  Toy toy;
  toy.rows.erase(toy.rows.begin() + 1);  // 128 x 128, k = 256
  const GemmCorrection correction(toy.gpu, toy.rows);
  CHECK(correction("bf16", 128, 128, 256) == doctest::Approx(2.0));
}

TEST_CASE("kernels: fitted leaves the curves alone, and only GPUs with tables can follow them") {
  const Accelerator g = gpu("rtx_pro_6000_server");
  CHECK(gemm_s(with_kernels("fitted", g), "bf16", 100, 5000, 5000) == gemm_s(g, "bf16", 100, 5000, 5000));
  CHECK(has_tables(g));
  CHECK_FALSE(has_tables(gpu("rtx_4090")));
}

}  // namespace
}  // namespace agentsim::model
