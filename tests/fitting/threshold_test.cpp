#include "analysis/fitting/threshold.hpp"

#include <doctest/doctest.h>

namespace agentsim::fitting {
namespace {

TEST_CASE("thresholds of lives that all end in one are their sample") {
  const Curve curve = threshold_of({{0, 100, true}, {0, 200, true}, {0, 300, true}, {0, 400, true}}, 500);
  CHECK(curve.at(0.25) == doctest::Approx(100));
  CHECK(curve.at(0.5) == doctest::Approx(200));
  CHECK(curve.at(0.75) == doctest::Approx(300));
  CHECK(curve.at(1.0) == doctest::Approx(400));
}

TEST_CASE("agents that end before, or begin above, count where they were") {
  // At 100: three of four began below and reached it (the last began at 150), one was compacted: 2/3 are
  // left. At 200: of those that began below, the one that ended at 150 is gone, the one of 150 has joined:
  // two, one compacted: 1/3 is left. Nobody was compacted later.
  const Curve curve = threshold_of({{0, 100, true}, {0, 150, false}, {0, 200, true}, {150, 300, false}}, 500);
  CHECK(curve.at(1.0 / 3.0) == doctest::Approx(100).epsilon(0.01));
  CHECK(curve.at(2.0 / 3.0) == doctest::Approx(200).epsilon(0.01));
  CHECK(curve.at(0.7) == doctest::Approx(500));
  CHECK(curve.at(1.0) == doctest::Approx(500));
}

TEST_CASE("without a compaction the threshold is the longest context") {
  CHECK(threshold_of({{0, 100, false}, {0, 150, false}}, 150).text("") == "150");
}

}  // namespace
}  // namespace agentsim::fitting
