#include "sim/platform/max_min.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace agentsim::platform {
namespace {

using Rates = std::vector<double>;

Rates rates(const std::vector<std::vector<int>>& flows, const std::vector<double>& capacities) {
  return max_min_rates(flows, [&](int link) { return capacities[static_cast<size_t>(link)]; });
}

TEST_CASE("flows on one link share it alike") {
  CHECK(rates({{0}, {0}, {0}}, {12}) == Rates{4, 4, 4});
}

TEST_CASE("what a flow cannot use because of a narrow link goes to the others") {
  // The flow over both links gets 2 of the narrow one, so 8 of 10 are left for the other.
  CHECK(rates({{0, 1}, {0}}, {10, 2}) == Rates{2, 8});
}

TEST_CASE("the three flows of the textbook's two links") {
  // Link 0 of 10 with flows a b, link 1 of 6 with a c c: 2 each on link 1, and 8 for b.
  CHECK(rates({{0, 1}, {0}, {1}, {1}}, {10, 6}) == Rates{2, 8, 2, 2});
}

TEST_CASE("filling goes on through several full links") {
  // 3 on link 0 shared by two: 1.5; link 1 of 8: 6.5 is left for one; link 2 of 20: 13.5.
  CHECK(rates({{0}, {0, 1}, {1, 2}, {2}}, {3, 8, 20}) == Rates{1.5, 1.5, 6.5, 13.5});
}

TEST_CASE("a flow that crosses a link twice pays twice") {
  CHECK(rates({{0, 0}}, {10}) == Rates{5});
  // Three crossings of 12: 4 each, for the flow that crosses twice as well.
  CHECK(rates({{0, 0}, {0}}, {12}) == Rates{4, 4});
}

TEST_CASE("disjoint flows do not disturb each other, and one without links has no limit") {
  const Rates found = rates({{0}, {1}, {}}, {3, 7});
  CHECK(found[0] == 3);
  CHECK(found[1] == 7);
  CHECK(std::isinf(found[2]));
  CHECK(rates({}, {}).empty());
}

TEST_CASE("no link carries more than it can and each flow has a full link") {
  const std::vector<double> capacities{5, 7, 11, 13};
  const std::vector<std::vector<int>> flows{{0, 1}, {1, 2}, {2, 3}, {3, 0}, {0, 2}, {1, 3}, {2}};
  const Rates found = rates(flows, capacities);
  std::vector<double> used(capacities.size());
  for (size_t f = 0; f < flows.size(); ++f)
    for (const int link : flows[f]) used[static_cast<size_t>(link)] += found[f];
  for (size_t l = 0; l < used.size(); ++l) CHECK(used[l] <= capacities[l] * (1 + 1e-12));
  for (const auto& flow : flows) {
    bool full = false;
    for (const int link : flow)
      full = full || used[static_cast<size_t>(link)] > capacities[static_cast<size_t>(link)] * (1 - 1e-12);
    CHECK(full);
  }
}

}  // namespace
}  // namespace agentsim::platform
