#include "analysis/statistics/quantile.hpp"

#include <doctest/doctest.h>

namespace agentsim::statistics {
namespace {

TEST_CASE("a quantile lies between the order statistics beside it") {
  // Four gaps: 0.9 is six tenths of the way through the last.
  const std::vector<double> values{0.0, 1.0, 2.0, 4.0, 9.0};
  CHECK(quantile(values, 0.0) == 0.0);
  CHECK(quantile(values, 0.5) == 2.0);
  CHECK(quantile(values, 0.9) == doctest::Approx(7.0));
  CHECK(quantile(values, 1.0) == 9.0);
  CHECK(quantile({3.0}, 0.9) == 3.0);
}

}  // namespace
}  // namespace agentsim::statistics
