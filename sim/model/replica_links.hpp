#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "sim/model/collective.hpp"
#include "sim/model/deployment.hpp"
#include "sim/model/lanes.hpp"

namespace agentsim::model {

// The GPUs of a replica as its collectives use them: pp stages of tp GPUs, one after the other from `first_gpu`, in each
// of which dp_attention groups of neighbours share attention. All stages and groups are taken to communicate at once.
class ReplicaLinks {
 public:
  // `inside` and `network` are the protocols of a node and of the part between nodes. Throws ConfigError if two GPUs of
  // a stage have no path.
  ReplicaLinks(const platform::Cluster& cluster, const Deployment& deployment, int first_gpu,
               const Protocols& inside, const Protocols& network);
  // The same with the protocols of the cluster's own class.
  ReplicaLinks(const platform::Cluster& cluster, const Deployment& deployment, int first_gpu);

  // The slowest stage, and the slowest group of attention.
  const CollectiveGroup& stage() const { return *stage_; }
  const CollectiveGroup& attention() const { return attention_ ? *attention_ : *stage_; }
  Lane attention_lane() const { return attention_ ? Lane::attention : Lane::tensor; }

  // Every GPU of a stage exchanges what it holds with all others: `mean_bytes` on average, `most_bytes` the busiest, which
  // may take longer to send them than the links that all share.
  CollectiveCost all_to_all(double mean_bytes, double most_bytes) const;
  // Every GPU of a stage sends as much to its peer in the next.
  CollectiveCost send(double bytes) const;

  // Directed links of a lane and how many of its flows cross each; none: the replica does not use it.
  const std::vector<std::pair<int, int>>& crossings(Lane lane) const {
    return lanes_[static_cast<size_t>(lane)];
  }
  // Of its flows undisturbed: costs are stated for them.
  const LaneRates& rates() const { return rates_; }

 private:
  using Crossings = std::vector<std::pair<int, int>>;
  void set_lane(const platform::Cluster& cluster, Lane lane, const std::vector<const Crossings*>& parts);
  void add_pipeline(const platform::Cluster& cluster, const Deployment& deployment, int first_gpu);

  std::shared_ptr<const CollectiveGroup> stage_;
  std::shared_ptr<const CollectiveGroup> attention_;
  ProtocolChoice to_next_stage_;
  double one_sender_rate_ = 0.0;  // of each flow to all others where one GPU of a stage sends alone
  std::array<Crossings, kLanes> lanes_;
  LaneRates rates_;
};

}  // namespace agentsim::model
