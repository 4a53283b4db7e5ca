#include "sim/metrics/slo.hpp"

#include <doctest/doctest.h>

#include "tests/metrics/records.hpp"

namespace agentsim::metrics {
namespace {

SLO slo(double ttft_s, double tpot_s, double active_s = 0.0) {
  SLO s;
  s.ttft_s = ttft_s;
  s.tpot_s = tpot_s;
  s.active_s = active_s;
  return s;
}

TEST_CASE("latencies of a call are differences of its dates") {
  // Given arrival at 10 s, first token 2 s later, five tokens a quarter of a second apart.
  const serving::CallRecord c = call(0, 10.0, 2.0, 5, 0.25);
  CHECK(ttft_s(c) == 2.0);
  CHECK(tpot_s(c) == 0.25);
  CHECK(e2e_s(c) == 3.0);
  CHECK(has_tpot(c));
  CHECK_FALSE(has_tpot(call(0, 0.0, 1.0, 1, 0.0)));
}

TEST_CASE("a call meets the limits that are set and reaching one is meeting it") {
  const serving::CallRecord c = call(0, 0.0, 2.0, 5, 0.25);
  CHECK(meets(slo(2.0, 0.25), c));
  CHECK_FALSE(meets(slo(1.999, 0.25), c));
  CHECK_FALSE(meets(slo(2.0, 0.249), c));
  CHECK(meets(slo(0.0, 0.25), c));
  CHECK(meets(slo(2.0, 0.0), c));
  CHECK(meets(slo(0.0, 0.0), c));
}

TEST_CASE("a call of one token has no time between tokens to miss") {
  CHECK(meets(slo(2.0, 1e-9), call(0, 0.0, 2.0, 1, 0.0)));
}

TEST_CASE("a session meets it with its share of calls and its active latency") {
  SLO limits = slo(1.0, 1.0, 100.0);
  limits.calls = 0.75;
  serving::SessionRecord s;
  s.calls = 4;
  s.end_s = 150.0;
  s.path.human_s = 50.0;
  CHECK(latency_s(s) == 150.0);
  CHECK(active_s(s) == 100.0);
  CHECK(meets(limits, s, 3));
  CHECK_FALSE(meets(limits, s, 2));
  s.path.human_s = 49.0;
  CHECK_FALSE(meets(limits, s, 4));
  limits.active_s = 0.0;
  CHECK(meets(limits, s, 4));
}

}  // namespace
}  // namespace agentsim::metrics
