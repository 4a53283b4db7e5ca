#include "analysis/cost/power.hpp"

#include <doctest/doctest.h>

#include "tests/cost/helpers.hpp"

namespace agentsim::cost {
namespace {

using doctest::Approx;

TEST_CASE("idle GPUs draw their idle power and busy ones up to the TDP") {
  const platform::Cluster node = cluster("hgx_h100_x1");  // 8 GPUs of 75 to 700 W
  CHECK(gpu_power_w(node, {8, 0.0, 0.0}) == Approx(600.0));
  CHECK(gpu_power_w(node, {8, 1.0, 0.0}) == Approx(5600.0));
  // Half of the time in steps, a fifth of that in collectives: 8 x (75 + 625 x 0.5 x 0.9)
  CHECK(gpu_power_w(node, {8, 0.5, 0.2}) == Approx(2850.0));
}

TEST_CASE("GPUs without a replica idle") {
  CHECK(gpu_power_w(cluster("hgx_h100_x1"), {2, 1.0, 0.0}) == Approx(6 * 75.0 + 2 * 700.0));
}

TEST_CASE("every node draws its overhead as well") {
  CHECK(mean_power_w(cluster("hgx_h100_x2"), {16, 0.0, 0.0}, 4600.0) == Approx(16 * 75.0 + 2 * 4600.0));
}

}  // namespace
}  // namespace agentsim::cost
