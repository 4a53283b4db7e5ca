#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/config/reader.hpp"
#include "sim/platform/cluster.hpp"

namespace agentsim::model {

// Fitted constants of one all-reduce algorithm on one class of fabric (platforms/collectives.yaml).
struct Protocol {
  std::string form = "ring";
  double base_s = 0.0;
  double hop_s = 0.0;
  double efficiency = 1.0;
  double min_bytes = 0.0;
  double max_bytes = 1e18;
  int64_t min_gpus = 2;
  int64_t max_gpus = 1 << 20;
};

// The protocols a communication library chooses from, by name.
using Protocols = std::map<std::string, Protocol>;

// Loads one class of platforms/collectives.yaml. Throws ConfigError.
Protocols load_protocols(const std::string& collective_class);

// What a collective costs, split so that contention can be applied to the part that depends on it:
//   seconds = latency_s + burst_bytes / rate,
// rate being the bytes/s that each flow gets on the narrowest link of the group.
struct CollectiveCost {
  double latency_s = 0.0;
  double burst_bytes = 0.0;  // wire bytes / protocol efficiency
  double wire_bytes = 0.0;   // bytes of one crossing of a link

  CollectiveCost& operator+=(const CollectiveCost& other) {
    latency_s += other.latency_s;
    burst_bytes += other.burst_bytes;
    wire_bytes += other.wire_bytes;
    return *this;
  }
  CollectiveCost times(double count) const { return {latency_s * count, burst_bytes * count, wire_bytes * count}; }
  double seconds(double rate) const { return burst_bytes > 0.0 ? latency_s + burst_bytes / rate : latency_s; }
};

// The GPUs of one tensor-parallel replica, in ring order, and what the links of the cluster give them.
class CollectiveGroup {
 public:
  // Throws ConfigError if two neighbours of the ring have no path.
  CollectiveGroup(const platform::Cluster& cluster, std::vector<int> gpus, Protocols protocols);

  int size() const { return static_cast<int>(gpus_.size()); }
  // Directed links of the cluster and how many of the ring's flows cross each.
  const std::vector<std::pair<int, int>>& crossings() const { return crossings_; }
  // Max-min rate of a ring flow when all of them run and nothing else does, bytes/s.
  double rate() const { return rate_; }

  // All-reduce of S bytes on each GPU: the fastest protocol that is allowed, at the undisturbed rate; by form
  //   ring           base + 2 (n-1) hop + 2 (n-1)/n S / (B efficiency)
  //   one_shot       base + (n-1) hop   + (n-1) S / (B efficiency)
  //   two_shot       base + (n-1) hop   + 2 (n-1)/n S / (B efficiency)
  //   nvls           base + (n-1) hop   + S / (B efficiency)
  CollectiveCost all_reduce(double bytes) const;
  // All-gather to S bytes on each GPU: (n-1)/n S over each link, with the latency and efficiency of the all-reduce.
  CollectiveCost all_gather(double bytes) const;

 private:
  std::vector<int> gpus_;
  Protocols protocols_;
  std::vector<std::pair<int, int>> crossings_;
  double rate_ = 0.0;
};

template <class Visitor>
void describe(Visitor& v, Protocol& p) {
  using config::kNotNegative;
  v.choice("form", p.form, {"nvls", "one_shot", "ring", "two_shot"}, "the equation", config::Need::required);
  v.field("base", p.base_s, Dimension::time, kNotNegative, "fixed time");
  v.field("hop", p.hop_s, Dimension::time, kNotNegative, "time of one hop");
  v.field("efficiency", p.efficiency, Dimension::number, config::Bounds{0.01, 1.0}, "share of the link bandwidth");
  v.field("min_bytes", p.min_bytes, Dimension::bytes, kNotNegative, "smallest size the library uses it for");
  v.field("max_bytes", p.max_bytes, Dimension::bytes, kNotNegative, "the library uses it below this size");
  v.field("min_gpus", p.min_gpus, config::Bounds{2, 1e6}, "smallest group the library uses it for");
  v.field("max_gpus", p.max_gpus, config::Bounds{2, 1e6}, "largest group the library uses it for");
}

}  // namespace agentsim::model
