#include "sim/network/group_table.hpp"

#include <doctest/doctest.h>

#include "sim/base/contract.hpp"

namespace agentsim::network {
namespace {

TEST_CASE("a burst shares its narrowest link with the flows that are on it") {
  GroupTable table({{"a", 60.0}, {"b", 100.0}});
  const GroupId group = table.add({{0, 1}, {1, 2}});
  CHECK(table.rate(group) == doctest::Approx(50));  // b, crossed twice: 100/2
  table.change_flows(0, +1);
  CHECK(table.rate(group) == doctest::Approx(30));  // a: 60/(1+1)
  table.change_flows(1, +1);
  table.change_flows(1, +1);
  CHECK(table.rate(group) == doctest::Approx(25));  // b: 100/(2+2)
  table.change_flows(0, -1);
  table.change_flows(1, -1);
  CHECK(table.rate(group) == doctest::Approx(100.0 / 3));
}

TEST_CASE("another group takes its mean rate from a shared link but no more than its fair share") {
  GroupTable table({{"a", 100.0}});
  const GroupId one = table.add({{0, 1}});
  const GroupId two = table.add({{0, 2}});
  CHECK(table.rate(one) == 100);
  table.set_mean_rate(two, 10);
  CHECK(table.rate(one) == doctest::Approx(80));  // 100 - 2*10
  table.change_flows(0, +1);
  CHECK(table.rate(one) == doctest::Approx(40));  // (100 - 20)/(1+1)
  table.set_mean_rate(two, 70);
  CHECK(table.rate(one) == doctest::Approx(25));  // 100/(1+1+2), not (100 - 140)/2
  CHECK(table.rate(two) == doctest::Approx(100.0 / 3));
}

TEST_CASE("water rises where a modest group leaves some of its share") {
  GroupTable table({{"a", 100.0}});
  const GroupId one = table.add({{0, 1}});
  const GroupId modest = table.add({{0, 1}});
  const GroupId greedy = table.add({{0, 1}});
  table.set_mean_rate(modest, 10);
  table.set_mean_rate(greedy, 40);
  CHECK(table.rate(one) == doctest::Approx(50));  // 100 - 10 - 40
  table.set_mean_rate(greedy, 60);
  CHECK(table.rate(one) == doctest::Approx(45));  // (100 - 10)/2: greedy is held to 45
}

TEST_CASE("a flow that is slower elsewhere leaves the rest of its share") {
  GroupTable table({{"a", 100.0}, {"b", 20.0}});
  const GroupId group = table.add({{0, 1}});
  table.change_flows(0, +1, 20);
  CHECK(table.rate(group) == doctest::Approx(80));  // 100 - 20
  table.change_flows(0, +1, 60);
  CHECK(table.rate(group) == doctest::Approx(40));  // (100 - 20)/2: 60 is more than the share
  table.change_flows(0, +1);
  CHECK(table.rate(group) == doctest::Approx(80.0 / 3));
  table.change_flows(0, -1, 60);
  table.change_flows(0, -1);
  CHECK(table.rate(group) == doctest::Approx(80));
  table.change_flows(0, -1, 20);
  CHECK(table.rate(group) == 100);
}

TEST_CASE("only groups on the link are touched and each once") {
  GroupTable table({{"a", 100.0}, {"b", 100.0}});
  const GroupId one = table.add({{0, 1}});
  const GroupId two = table.add({{1, 1}});
  const GroupId both = table.add({{0, 1}, {1, 1}});
  table.change_flows(0, +1);
  table.change_flows(0, +1);
  CHECK(table.take_touched() == std::vector<GroupId>{one, both});
  CHECK(table.take_touched().empty());
  table.set_mean_rate(both, 10);
  CHECK(table.take_touched() == std::vector<GroupId>{one, two});
  table.set_mean_rate(both, 10.005);
  CHECK(table.take_touched().empty());
  CHECK(table.mean_rate(both) == 10);
}

TEST_CASE("a shadow is due while the group runs and a flow is on its links") {
  GroupTable table({{"a", 100.0}, {"b", 100.0}});
  const GroupId group = table.add({{0, 1}});
  table.set_mean_rate(group, 10);
  table.change_flows(1, +1);
  CHECK_FALSE(table.needs_shadow(group));
  CHECK_FALSE(table.has_stale_shadows());
  table.change_flows(0, +1);
  CHECK(table.needs_shadow(group));
  CHECK(table.take_stale_shadows() == std::vector<GroupId>{group});
  table.change_flows(0, +1);
  CHECK_FALSE(table.has_stale_shadows());
  table.set_mean_rate(group, 0);
  CHECK_FALSE(table.needs_shadow(group));
  CHECK(table.take_stale_shadows() == std::vector<GroupId>{group});
}

TEST_CASE("a group that crosses no link or has a negative rate breaks a contract") {
  GroupTable table({{"a", 100.0}});
  CHECK_THROWS_AS(table.add({}), ContractViolation);
  CHECK_THROWS_AS(table.add({{1, 1}}), ContractViolation);
  CHECK_THROWS_AS(table.add({{0, 0}}), ContractViolation);
  CHECK_THROWS_AS(table.set_mean_rate(table.add({{0, 1}}), -1), ContractViolation);
}

}  // namespace
}  // namespace agentsim::network
