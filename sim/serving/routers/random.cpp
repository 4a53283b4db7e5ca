#include "sim/base/hash.hpp"
#include "sim/serving/router.hpp"

namespace agentsim::serving {
namespace {

// Spreads calls without looking at load. Stateless: the call's session and size pick the replica.
class RandomRouter : public Router {
 public:
  uint32_t route(const RouteRequest& request, const std::vector<ReplicaView>& replicas) const override {
    const uint64_t hash = Fnv1a().add(request.session).add(request.agent).add(request.prompt_tokens).value();
    return static_cast<uint32_t>(mix64(hash) % replicas.size());
  }
};

const Routers::Entry entry{"random", "any replica, whatever its load",
                           [] { return std::make_unique<RandomRouter>(); }};

}  // namespace
}  // namespace agentsim::serving
