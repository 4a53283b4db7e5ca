#pragma once

#include <array>
#include <utility>
#include <vector>

#include "sim/model/protocol.hpp"
#include "sim/platform/cluster.hpp"

namespace agentsim::model {

// GPUs that communicate, usually those of one tensor-parallel replica, and what the links of the cluster give
// them. All rates are max-min shares on the real graph with all flows of a pattern running at once and
// nothing else; they are found once, here. A flow over a memory cable takes from both of its directions,
// because reads and writes share the memory: one that is staged in host memory pays it twice.
class CollectiveGroup {
 public:
  // `network` are the protocols of the part between nodes. Without them a group over several nodes is one
  // flat ring. Throws ConfigError if two GPUs have no path.
  CollectiveGroup(const platform::Cluster& cluster, std::vector<int> gpus, Protocols protocols,
                  Protocols network = {});

  int size() const { return static_cast<int>(gpus_.size()); }
  // In the order of the ring.
  const std::vector<int>& gpus() const { return gpus_; }
  // Directed links of the cluster and how many of the rings' flows cross each.
  const std::vector<std::pair<int, int>>& crossings() const { return crossings_; }
  // Max-min rate of a ring flow, bytes/s. Costs are stated for it: cost.seconds(group.rate()) is the
  // undisturbed time.
  double rate() const { return rate_; }
  // Of the n (n-1) flows of an all-to-all: the rate of the slowest, which ends last, and the sum of all,
  // bytes/s.
  double exchange_rate() const { return whole_.rates.exchange; }
  double exchange_total() const { return exchange_total_; }
  // Like crossings(), of the flows of an all-to-all.
  std::vector<std::pair<int, int>> exchange_crossings(const platform::Cluster& cluster) const;
  // The same of any transfers that run at once. Throws ConfigError if a pair has no path.
  static std::vector<std::pair<int, int>> crossings_of(const platform::Cluster& cluster,
                                                       const std::vector<std::pair<int, int>>& pairs);

  // Groups over several nodes with as many GPUs on each do it in tiers: scatter inside, reduce across, gather
  // inside.
  CollectiveCost all_reduce(double bytes) const;
  CollectiveCost all_gather(double bytes) const;
  CollectiveCost reduce_scatter(double bytes) const;
  CollectiveCost all_to_all(double bytes) const;
  // One message from the GPU at one place of gpus() to another.
  CollectiveCost p2p(int from, int to, double bytes) const;

 private:
  using Flows = std::vector<std::vector<int>>;
  using Pairs = std::vector<std::pair<int, int>>;
  // Sets of `size` GPUs that do the same at once.
  struct Tier {
    int size = 1;
    Rates rates;
    std::array<ProtocolChoice, kCollectives> choices;  // by collective
  };
  struct Pair {
    double rate = 0.0;
    bool same_node = true;
  };

  // The links of transfers that run at once, and the rates they get.
  static Flows flows(const platform::Cluster& cluster, const Pairs& pairs);
  std::vector<double> shares(const platform::Cluster& cluster, const Pairs& pairs) const;
  Tier tier(const platform::Cluster& cluster, const std::vector<std::vector<int>>& groups) const;
  void find_tiers(const platform::Cluster& cluster);
  void find_pairs(const platform::Cluster& cluster);
  const Protocols& across() const { return network_.empty() ? protocols_ : network_; }
  static void choose(Tier& tier, const Protocols& protocols);
  // On a tier, stated for rate_.
  CollectiveCost on(const Tier& tier, Collective collective, double bytes) const;
  CollectiveCost stated(CollectiveCost cost, double ring_rate) const;
  CollectiveCost gather_or_scatter(Collective collective, double bytes) const;

  std::vector<int> gpus_;
  Protocols protocols_;
  Protocols network_;
  std::vector<std::pair<int, int>> crossings_;
  Tier inside_;
  Tier across_;
  Tier whole_;
  std::vector<Pair> pairs_;  // from * size + to
  double rate_ = 0.0;
  double exchange_total_ = 0.0;
};

}  // namespace agentsim::model
