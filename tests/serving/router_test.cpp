#include "sim/serving/router.hpp"

#include <doctest/doctest.h>

#include "tests/property/holds.hpp"

namespace agentsim::serving {
namespace {

TEST_CASE("every router chooses a replica that exists and the same one for the same view") {
  // Given any registered router, any load and any call, then its answer is an index, twice the same, and from
  // another instance too: it keeps no state.
  for (const std::string& name : Routers::names()) {
    CAPTURE(name);
    const std::unique_ptr<Router> router = Routers::make(name);
    const std::unique_ptr<Router> other = Routers::make(name);
    const bool good = holds("router " + name, 300, 20000, [&] {
      std::vector<ReplicaView> views(*rc::gen::inRange<size_t>(1, 12));
      for (ReplicaView& view : views)
        view = {*rc::gen::inRange<int64_t>(0, 5), *rc::gen::inRange<int64_t>(0, 100000)};
      RouteRequest request{*rc::gen::arbitrary<uint64_t>(),
                           *rc::gen::inRange<uint32_t>(0, 50),
                           *rc::gen::inRange<uint32_t>(1, 200000),
                           {}};
      if (*rc::gen::arbitrary<bool>())
        request.last_replica = *rc::gen::inRange<uint32_t>(0, static_cast<uint32_t>(views.size()));
      const uint32_t chosen = router->route(request, views);
      RC_ASSERT(chosen < views.size());
      RC_ASSERT(router->route(request, views) == chosen);
      RC_ASSERT(other->route(request, views) == chosen);
    });
    CHECK(good);
  }
}

TEST_CASE("least_outstanding takes the fewest calls and of equals the fewest tokens and then the first") {
  // Given loads by hand, then the answers by hand.
  const std::unique_ptr<Router> router = Routers::make("least_outstanding");
  const RouteRequest request{1, 0, 100, 2};
  CHECK(router->route(request, {{3, 10}, {2, 900}, {2, 800}, {4, 0}}) == 2);
  CHECK(router->route(request, {{1, 5}, {1, 5}, {1, 5}}) == 0);
  CHECK(router->route(request, {{1, 6}, {1, 5}, {1, 5}}) == 1);
  CHECK(router->route(request, {{9, 9}}) == 0);
}

TEST_CASE("session_affinity stays with the replica of the last call") {
  // Given a session that has been on replica 2, then it stays there whatever the load; a new one goes to the
  // least.
  const std::unique_ptr<Router> router = Routers::make("session_affinity");
  const std::vector<ReplicaView> views{{3, 10}, {0, 0}, {9, 9000}};
  CHECK(router->route({1, 0, 100, 2}, views) == 2);
  CHECK(router->route({1, 0, 100, {}}, views) == 1);
}

TEST_CASE("random spreads calls evenly over the replicas") {
  // Given 4 replicas and 4000 calls, then each gets 1000 on average with a standard deviation of sqrt(4000
  // 3/16) = 27; six of these are allowed.
  const std::unique_ptr<Router> router = Routers::make("random");
  const std::vector<ReplicaView> views(4);
  std::vector<int> counts(4);
  for (uint64_t session = 0; session < 400; ++session)
    for (uint32_t call = 0; call < 10; ++call)
      ++counts[router->route({session, 0, 100 + 50 * call, {}}, views)];
  for (const int count : counts) CHECK(std::abs(count - 1000) < 6 * 27);
}

}  // namespace
}  // namespace agentsim::serving
