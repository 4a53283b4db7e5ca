#include "analysis/calibration/calibrate.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "analysis/calibration/efficiency_text.hpp"
#include "sim/config/library.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::calibration {
namespace {

model::MeasuredTable shipped(const std::string& gpu, const std::string& kernel) {
  model::MeasuredTable table;
  model::read_measured((config::Library::root() / "platforms/measured" / gpu / (kernel + ".csv.gz")).string(),
                       table);
  return table;
}

TEST_CASE("the shipped decode curves come out of the shipped tables") {
  const platform::Accelerator gpu = model::gpu("l40s");
  platform::Accelerator fitted = gpu;
  fitted.efficiency.decode_attention.clear();
  const auto curves = calibrate(fitted, shipped("l40s", "decode_attention"), "decode_attention");
  REQUIRE(curves.size() == 2);
  for (const auto& [dtype, shipped_curve] : gpu.efficiency.decode_attention) {
    const auto& e = fitted.efficiency.decode_attention.at(dtype);
    CHECK(e.launch_s == doctest::Approx(shipped_curve.launch_s).epsilon(0.02));
    CHECK(e.memory == doctest::Approx(shipped_curve.memory).epsilon(0.02));
    CHECK(e.per_sequence_s == doctest::Approx(shipped_curve.per_sequence_s).epsilon(0.1));
  }
}

// Vidur's libraries of 2024, another software than that of the shipped curves. `gpu` as the table calls it.
void check_vidur(const std::string& gpu, const std::string& name) {
  CAPTURE(name);
  model::MeasuredTable table;
  model::read_measured((config::Library::root() / "tests/validation/data/vidur/mlp.csv.gz").string(), table,
                       gpu);
  platform::Accelerator fitted = model::gpu(name);
  platform::Accelerator kept = model::gpu("tests/validation/data/vidur/" + name + ".yaml");
  calibrate(fitted, table, "gemm");
  const auto of_gemm = [](const platform::Accelerator& a) {
    platform::Efficiency e;
    e.gemm["bf16"] = a.efficiency.gemm.at("bf16");
    return efficiency_yaml(e);
  };
  CHECK(of_gemm(fitted) == of_gemm(kept));
}

TEST_CASE("the curves kept beside Vidur's table are what it calibrates") {
  check_vidur("a40", "a40");
  if (std::getenv("AGENTSIM_LONG") == nullptr) return;
  check_vidur("a100", "a100_sxm_80gb");
  check_vidur("h100", "h100_sxm");
}

// A table of a GPU whose elementwise kernels take `launch` and move at `share` of its bandwidth.
std::string write_table(const platform::Accelerator& gpu, double launch_s, double share, int rows) {
  const std::string path = "calibrate_test_rows.csv";
  std::ofstream out(path);
  out << "kernel,bytes,latency_ms\n";
  for (int i = 1; i <= rows; ++i) {
    const double bytes = 1e5 * i;
    out << "copy," << bytes << "," << 1e3 * (launch_s + bytes / (gpu.memory_bytes_per_s * share)) << "\n";
  }
  return path;
}

TEST_CASE("a user's own table gives the constants that made it") {
  platform::Accelerator gpu = model::gpu("rtx_4090");
  model::MeasuredTable table;
  const std::string path = write_table(gpu, 3e-6, 0.8, 200);
  model::read_measured(path, table);
  std::filesystem::remove(path);
  const auto before = gpu.efficiency.gemm.at("bf16").compute;
  const auto curves = calibrate(gpu, table);
  REQUIRE(curves.size() == 1);
  CHECK(curves.front().label() == "elementwise");
  CHECK(curves.front().fitted.rows + curves.front().held_out.rows == 200);
  CHECK(curves.front().held_out.p90 < 0.01);
  CHECK(gpu.efficiency.elementwise.launch_s == doctest::Approx(3e-6).epsilon(0.01));
  CHECK(gpu.efficiency.elementwise.cached == doctest::Approx(0.8).epsilon(0.01));
  CHECK(gpu.efficiency.gemm.at("bf16").compute == before);
}

TEST_CASE("too few rows and unknown ops are told") {
  platform::Accelerator gpu = model::gpu("rtx_4090");
  model::MeasuredTable table;
  const std::string path = write_table(gpu, 3e-6, 0.8, 10);
  model::read_measured(path, table);
  std::filesystem::remove(path);
  CHECK_THROWS_WITH_AS(calibrate(gpu, table),
                       "no kernel of rtx_4090 has 20 rows to fit: docs/calibrate.md says which rows count",
                       ConfigError);
  CHECK_THROWS_WITH_AS(calibrate(gpu, table, "gem"), doctest::Contains("did you mean 'gemm'?"), ConfigError);
}

TEST_CASE("a prefill table that beats the GPU's peak is known, and bf16's curve stands in") {
  const platform::Accelerator gpu = model::gpu("l40s");
  const model::MeasuredTable table = shipped("l40s", "prefill_attention");
  CHECK(beats_peak(gpu, table, "fp8"));
  CHECK_FALSE(beats_peak(gpu, table, "bf16"));
  const auto& prefill = gpu.efficiency.prefill_attention;
  CHECK(prefill.at("fp8").compute == prefill.at("bf16").compute);
}

}  // namespace
}  // namespace agentsim::calibration
