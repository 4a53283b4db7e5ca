#include "sim/serving/router.hpp"

namespace agentsim::serving {
namespace {

// A session stays where its prefix is cached; its first call goes to the least loaded replica.
class SessionAffinity : public Router {
 public:
  uint32_t route(const RouteRequest& request, const std::vector<ReplicaView>& replicas) const override {
    return request.last_replica ? *request.last_replica : least_outstanding(replicas);
  }
};

const Routers::Entry entry{"session_affinity", "all calls of a session go to one replica",
                           [] { return std::make_unique<SessionAffinity>(); }};

}  // namespace
}  // namespace agentsim::serving
