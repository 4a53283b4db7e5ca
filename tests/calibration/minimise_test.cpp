#include "analysis/calibration/minimise.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace agentsim::calibration {
namespace {

TEST_CASE("the least place of a valley is found in logarithms and rounded to three digits") {
  // Rosenbrock's valley in ln x, ln y, whose least place is ln x = 1, ln y = 1.
  double x = 0.0, y = 0.0;
  const auto valley = [&] {
    const double a = std::log(x), b = std::log(y);
    return std::pow(1.0 - a, 2) + 100.0 * std::pow(b - a * a, 2);
  };
  const double least = minimise({{&x, 0.5, 0.01, 100.0}, {&y, 5.0, 0.01, 100.0}}, valley, 2, 4000);
  CHECK(x == doctest::Approx(2.72));
  CHECK(y == doctest::Approx(2.72));
  CHECK(least < 1e-3);
}

TEST_CASE("a least place beyond a limit is the limit") {
  double x = 0.0;
  minimise(
      {{&x, 2.0, 1.0, 3.0}}, [&] { return -x; }, 1, 200);
  CHECK(x == doctest::Approx(3.0));
}

TEST_CASE("three digits of small and large numbers") {
  CHECK(three_digits(1.23456e-9) == doctest::Approx(1.23e-9).epsilon(1e-12));
  CHECK(three_digits(98765.0) == doctest::Approx(98800.0));
  CHECK(three_digits(0.0) == 0.0);
}

}  // namespace
}  // namespace agentsim::calibration
