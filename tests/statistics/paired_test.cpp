#include "analysis/statistics/paired.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sim/base/contract.hpp"

namespace agentsim::statistics {
namespace {

using doctest::Approx;

TEST_CASE("what replications have in common falls out of the difference") {
  const Estimate e = paired_difference({11.0, 51.0, 91.0}, {10.0, 50.0, 90.0}, 0.95);
  CHECK(*e.mean == 1.0);
  CHECK(e.interval->half_width() == 0.0);
}

TEST_CASE("a ratio is the geometric mean of the pairs with the interval of the logarithms") {
  // logs of 2, 4, 8: mean ln 4, s = ln 2, half width 4.303 ln 2 / sqrt(3)
  const Ratio r = paired_ratio({2.0, 8.0, 40.0}, {1.0, 2.0, 5.0}, 0.95);
  CHECK(r.n == 3);
  CHECK(*r.value == Approx(4.0));
  const double half = 4.3027 * std::log(2.0) / std::sqrt(3.0);
  CHECK(r.interval->low == Approx(4.0 * std::exp(-half)).epsilon(1e-4));
  CHECK(r.interval->high == Approx(4.0 * std::exp(half)).epsilon(1e-4));
}

TEST_CASE("a ratio to nothing is undefined") {
  CHECK_FALSE(paired_ratio({1.0, 2.0}, {0.0, 1.0}, 0.95).value);
  CHECK_FALSE(paired_ratio({1.0, {}}, {1.0, 1.0}, 0.95).value);
}

TEST_CASE("one pair has a ratio and no interval") {
  const Ratio r = paired_ratio({3.0}, {2.0}, 0.95);
  CHECK(*r.value == Approx(1.5));
  CHECK_FALSE(r.interval);
}

TEST_CASE("samples of different length cannot be paired") {
  CHECK_THROWS_AS(paired_difference({1.0}, {1.0, 2.0}, 0.95), ContractViolation);
}

}  // namespace
}  // namespace agentsim::statistics
