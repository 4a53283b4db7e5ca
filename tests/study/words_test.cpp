#include "analysis/study/words.hpp"

#include <doctest/doctest.h>

namespace agentsim::study {
namespace {

using statistics::Estimate, statistics::Interval, statistics::Ratio;

TEST_CASE("a mean is shown to the place of the second digit of its half width") {
  CHECK(words(Estimate{5, 12.3456, 1.0, Interval{11.9156, 12.7756}}) == "12.35 ± 0.43");
  CHECK(words(Estimate{5, 2747.3, 1.0, Interval{2591.3, 2903.3}}) == "2747 ± 156");
  CHECK(words(Estimate{5, 0.021034, 1.0, Interval{0.020434, 0.021634}}, 1e3) == "21.03 ± 0.60");
}

TEST_CASE("what has no spread, no interval or no value is shown without one") {
  CHECK(words(Estimate{3, 23.6, 0.0, Interval{23.6, 23.6}}) == "23.6");
  CHECK(words(Estimate{1, 123456.0, {}, {}}) == "123456");
  CHECK(words(Estimate{1, 0.0, {}, {}}) == "0");
  CHECK(words(Estimate{}) == "-");
}

TEST_CASE("a ratio is shown with the ends of its interval to the same place") {
  CHECK(words(Ratio{5, 1.0043, 0.1, Interval{0.9991, 1.0095}}) == "1.0043 (0.9991 to 1.0095)");
  CHECK(words(Ratio{5, 1.15, 0.1, Interval{1.10, 1.20}}) == "1.150 (1.100 to 1.200)");
  CHECK(words(Ratio{5, 2.35, 0.1, Interval{2.23, 2.48}}) == "2.35 (2.23 to 2.48)");
  CHECK(words(Ratio{5, 0.123456, 0.1, Interval{0.123455, 0.123457}}) == "0.1235 (0.1235 to 0.1235)");
  CHECK(words(Ratio{5, 123.456, 0.1, Interval{123.0, 124.0}}) == "123.46 (123.00 to 124.00)");
  CHECK(words(Ratio{1, 0.57288, {}, {}}) == "0.5729");
  CHECK(words(Ratio{}) == "-");
}

}  // namespace
}  // namespace agentsim::study
