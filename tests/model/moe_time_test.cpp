#include <doctest/doctest.h>

#include "sim/model/op_time.hpp"
#include "tests/model/ideal_gpu.hpp"

namespace agentsim::model {
namespace {

// Experts of 1024 x 512 on the ideal GPU: 8 of them, two for each token, all touched.
MoEShape eight_experts() {
  MoEShape shape;
  shape.hidden = 1024;
  shape.inter = 512;
  shape.experts = 8;
  shape.topk = 2;
  shape.touched = 8;
  return shape;
}

TEST_CASE("experts with few rows are bound by the weights of those that are touched") {
  Accelerator g = ideal();
  g.peak.bf16 = 1e30;
  g.efficiency.moe["bf16"] = {};
  g.efficiency.moe["bf16"].around = g.efficiency.moe["bf16"].around_cached = 1e30;
  const double weights = 8.0 * 3.0 * 1024.0 * 512.0 * 2.0;
  CHECK(moe_s(g, eight_experts(), 8) == doctest::Approx(weights / 1e12));
  MoEShape half = eight_experts();
  half.touched = 4;
  CHECK(moe_s(g, half, 8) == doctest::Approx(weights / 2e12));
}

TEST_CASE("experts with many rows are bound by whole tiles of them") {
  // Given 1600 tokens in tiles of 64: 3200 rows / 64 + 8 x 63 / 128 tiles of 64 columns on 10 multiprocessors.
  Accelerator g = ideal();
  g.memory_bytes_per_s = 1e30;
  g.efficiency.moe["bf16"] = {};
  g.efficiency.moe["bf16"].compute_many = 0.5;
  const double tiles = 50.0 + 8.0 * 63.0 / 128.0;
  const double flop = 2.0 * tiles * 64.0 * 3.0 * 1024.0 * 512.0;
  CHECK(moe_s(g, eight_experts(), 1600) == doctest::Approx(flop / (0.5 * 100e12)));
}

TEST_CASE("experts that a library has tuned tiles for have rates of their own and the best of three tiles") {
  // Given 1600 tokens, so 3200 rows, which three tiles of 16, 64 and 128 rows take: the smallest wastes least.
  Accelerator g = ideal();
  g.memory_bytes_per_s = 1e30;
  auto& e = g.efficiency.moe["bf16"];
  e.compute_many = 0.25;
  e.tuned = {{8, 512}};
  e.tuned_compute = 0.5;
  const double tiles = 200.0 + 8.0 * 15.0 / 32.0;
  const double flop = 2.0 * tiles * 16.0 * 3.0 * 1024.0 * 512.0;
  CHECK(moe_s(g, eight_experts(), 1600) == doctest::Approx(flop / (0.5 * 100e12)));
  MoEShape wider = eight_experts();
  wider.inter = 520;
  CHECK(moe_s(g, wider, 1600) > 2.0 * flop / (0.5 * 100e12));
}

TEST_CASE("the kernels around experts see the tokens of all GPUs") {
  // Given 8 visits a token on all GPUs: 4 (1024 + 2 x 512) bytes a visit at 1 TB/s.
  Accelerator g = ideal();
  g.efficiency.moe["bf16"] = {};
  MoEShape shape = eight_experts();
  const double alone = moe_s(g, shape, 100);
  shape.visits = 8;
  CHECK(moe_s(g, shape, 100) - alone == doctest::Approx(100.0 * 6.0 * 4.0 * 2048.0 / 1e12));
}

TEST_CASE("a type without a curve of experts takes that of its matrices") {
  const double t = moe_s(ideal(), eight_experts(), 8);
  CHECK(t > 8.0 * 3.0 * 1024.0 * 512.0 * 2.0 / 1e12);
  CHECK(moe_s(ideal(), eight_experts(), 0) == 0.0);
}

TEST_CASE("experts take the curve of the type their weights are kept in, where there is one") {
  const Accelerator on = platform::load_accelerator(config::Value::parse("h100_sxm", "t"));
  MoEShape shape;
  shape.hidden = shape.inter = 2880;
  shape.experts = 128;
  shape.topk = 4;
  shape.touched = 60;
  shape.weight_bytes = 0.53125;
  const double as_bf16 = moe_s(on, shape, 32);
  shape.kept = "mxfp4";
  CHECK(moe_s(on, shape, 32) < 0.7 * as_bf16);
  // Not faster than its bytes.
  CHECK(moe_s(on, shape, 32) > 60.0 * 3 * 2880 * 2880 * 0.53125 / on.memory_bytes_per_s);
  shape.kept = "int4";  // no kernels of its own are known
  CHECK(moe_s(on, shape, 32) == as_bf16);
}

}  // namespace
}  // namespace agentsim::model
