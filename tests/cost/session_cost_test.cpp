#include "analysis/cost/session_cost.hpp"

#include <doctest/doctest.h>

namespace agentsim::cost {
namespace {

using doctest::Approx;

TEST_CASE("the fleet's cost is shared by what it got done") {
  // 72 USD/h; 0.02 sessions/s are 72/h, of which 36/h meet the SLO; 0.5 Mtok of output and 7.5 Mtok of
  // prompts an hour
  const SessionCost cost = session_cost(72.0, {0.02, 0.01, 7.5e6 / 3600.0, 0.5e6 / 3600.0});
  CHECK(*cost.usd_per_h == 72.0);
  CHECK(*cost.usd_per_session == Approx(1.0));
  CHECK(*cost.usd_per_slo_session == Approx(2.0));
  CHECK(*cost.usd_per_mtok_output == Approx(144.0));
  CHECK(*cost.usd_per_mtok_total == Approx(9.0));
}

TEST_CASE("a session that never meets the SLO has no price") {
  const SessionCost cost = session_cost(72.0, {0.02, 0.0, {}, 10.0});
  CHECK(cost.usd_per_session);
  CHECK_FALSE(cost.usd_per_slo_session);
  CHECK_FALSE(cost.usd_per_mtok_total);
}

}  // namespace
}  // namespace agentsim::cost
