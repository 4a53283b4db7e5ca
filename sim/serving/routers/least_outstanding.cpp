#include "sim/serving/router.hpp"

namespace agentsim::serving {

uint32_t least_outstanding(const std::vector<ReplicaView>& replicas) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < replicas.size(); ++i) {
    const ReplicaView& a = replicas[i];
    const ReplicaView& b = replicas[best];
    if (a.outstanding_calls < b.outstanding_calls ||
        (a.outstanding_calls == b.outstanding_calls && a.outstanding_tokens < b.outstanding_tokens))
      best = i;
  }
  return best;
}

namespace {

// Join the shortest queue, as nginx's least_conn does.
class LeastOutstanding : public Router {
 public:
  uint32_t route(const RouteRequest&, const std::vector<ReplicaView>& replicas) const override {
    return least_outstanding(replicas);
  }
};

const Routers::Entry entry{"least_outstanding", "the replica with the fewest unanswered calls",
                           [] { return std::make_unique<LeastOutstanding>(); }};

}  // namespace
}  // namespace agentsim::serving
