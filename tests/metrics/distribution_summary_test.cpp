#include "sim/metrics/distribution_summary.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace agentsim::metrics {
namespace {

// n, n - 1, ..., 1: not sorted.
std::vector<double> down_from(int n) {
  std::vector<double> values;
  for (int i = n; i >= 1; --i) values.push_back(i);
  return values;
}

TEST_CASE("percentiles are the nearest rank") {
  // Given 1 to 1000, the smallest value with at least the share q at or below it is 1000 q.
  const DistributionSummary s = summarise(down_from(1000));
  CHECK(s.count == 1000);
  CHECK(*s.mean == 500.5);
  CHECK(*s.p50 == 500.0);
  CHECK(*s.p90 == 900.0);
  CHECK(*s.p95 == 950.0);
  CHECK(*s.p99 == 990.0);
  // Given 1 to 1001, ranks are rounded up.
  const DistributionSummary odd = summarise(down_from(1001));
  CHECK(*odd.p50 == 501.0);
  CHECK(*odd.p90 == 901.0);
  CHECK(*odd.p99 == 991.0);
}

TEST_CASE("a percentile wants ten values beyond it") {
  struct Row {
    int n;
    bool p50, p90, p95, p99;
  };
  for (const Row& row : {Row{19, false, false, false, false}, Row{20, true, false, false, false},
                         Row{99, true, false, false, false}, Row{100, true, true, false, false},
                         Row{199, true, true, false, false}, Row{200, true, true, true, false},
                         Row{999, true, true, true, false}, Row{1000, true, true, true, true}}) {
    CAPTURE(row.n);
    const DistributionSummary s = summarise(down_from(row.n));
    CHECK(s.p50.has_value() == row.p50);
    CHECK(s.p90.has_value() == row.p90);
    CHECK(s.p95.has_value() == row.p95);
    CHECK(s.p99.has_value() == row.p99);
    for (const auto& p : {s.p50, s.p90, s.p95, s.p99})
      if (p) CHECK(row.n - *p >= 10.0);  // the value k of 1 to n has n - k beyond it
  }
}

TEST_CASE("equal values count each for itself") {
  std::vector<double> values(30, 5.0);
  values.push_back(1.0);
  CHECK(*summarise(values).p50 == 5.0);
  CHECK(*summarise(values).mean == doctest::Approx(151.0 / 31.0));
}

TEST_CASE("nothing has no mean and no percentiles") {
  const DistributionSummary s = summarise({});
  CHECK(s.count == 0);
  for (const auto& value : {s.mean, s.p50, s.p90, s.p95, s.p99}) CHECK_FALSE(value);
  CHECK(to_json(s).dump() == R"({"count":0,"mean":null,"p50":null,"p90":null,"p95":null,"p99":null})");
}

TEST_CASE("one value has a mean alone") {
  CHECK(to_json(summarise({2.5})).dump() ==
        R"({"count":1,"mean":2.5,"p50":null,"p90":null,"p95":null,"p99":null})");
}

}  // namespace
}  // namespace agentsim::metrics
