#include "analysis/statistics/estimate.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace agentsim::statistics {
namespace {

using doctest::Approx;

TEST_CASE("Student-t quantiles are those of the tables") {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2
  CHECK(student_t(0.95, 1) == Approx(12.706).epsilon(1e-4));
  CHECK(student_t(0.95, 4) == Approx(2.776).epsilon(2e-4));
  CHECK(student_t(0.95, 9) == Approx(2.262).epsilon(2e-4));
  CHECK(student_t(0.99, 4) == Approx(4.604).epsilon(2e-4));
  CHECK(student_t(0.90, 30) == Approx(1.697).epsilon(3e-4));
}

TEST_CASE("the interval of five values is that of a calculation by hand") {
  // mean 12, squares 4 + 1 + 0 + 1 + 4 = 10, s = sqrt(10 / 4), half width 2.776 s / sqrt(5)
  const Estimate e = estimate(std::vector<double>{10.0, 11.0, 12.0, 13.0, 14.0}, 0.95);
  CHECK(e.n == 5);
  CHECK(*e.mean == Approx(12.0));
  CHECK(*e.deviation == Approx(1.5811388));
  CHECK(e.interval->half_width() == Approx(1.963).epsilon(1e-3));
  CHECK(e.interval->low == Approx(10.037).epsilon(1e-3));
}

TEST_CASE("one value has a mean and no interval, and none has neither") {
  const Estimate one = estimate(std::vector<double>{7.0}, 0.95);
  CHECK(*one.mean == 7.0);
  CHECK_FALSE(one.deviation);
  CHECK_FALSE(one.interval);
  const Estimate none = estimate(std::vector<double>{}, 0.95);
  CHECK(none.n == 0);
  CHECK_FALSE(none.mean);
}

TEST_CASE("equal values have exactly no spread") {
  const Estimate e = estimate(std::vector<double>{0.1, 0.1, 0.1}, 0.95);
  CHECK(*e.mean == 0.1);
  CHECK(e.interval->low == 0.1);
  CHECK(e.interval->high == 0.1);
}

TEST_CASE("a replication without a value leaves the estimate empty") {
  const Estimate e = estimate(std::vector<std::optional<double>>{1.0, {}, 3.0}, 0.95);
  CHECK(e.n == 2);
  CHECK_FALSE(e.mean);
  CHECK_FALSE(e.interval);
}

TEST_CASE("the replications needed are the fewest that reach the half width") {
  const std::optional<size_t> n = replications_needed(1.0, 0.5, 0.95);
  REQUIRE(n);
  CHECK(*n == 18);  // 2.110 / sqrt(18) = 0.497 and 2.120 / sqrt(17) = 0.514
  CHECK(*replications_needed(0.0, 0.5, 0.95) == 2);
  CHECK_FALSE(replications_needed(1.0, 1e-6, 0.95));
  CHECK_FALSE(replications_needed(1.0, 0.0, 0.95));
}

}  // namespace
}  // namespace agentsim::statistics
