#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sim/network/kernel.hpp"
#include "sim/network/traffic.hpp"

namespace agentsim::network {

// Bytes on shared links. Flows share each link by max-min fairness. A collective's bursts are a formula of
// their replica, for which group_rate() gives the share; the replica's mean rate in turn slows the flows.
class FlowNet {
 public:
  // Capacities are above 0. The kernel outlives the net.
  FlowNet(Kernel& kernel, std::vector<LinkSpec> links);
  ~FlowNet();
  FlowNet(const FlowNet&) = delete;
  FlowNet& operator=(const FlowNet&) = delete;

  // Also after start(), up to some 60 000 paths more than were known then.
  PathId add_path(Path path);
  // `crossings`: the links of the collective, each once, with the times m_l that one byte of its volume
  // crosses it. Groups of one watcher take turns and do not disturb each other. Before start().
  GroupId add_group(std::vector<std::pair<LinkId, int>> crossings, GroupWatcher& watcher,
                    TrafficClass traffic = TrafficClass::tensor_parallel);
  // From here on flows can be sent. Once a process: SimGrid allows no second network.
  void start();

  // The latency passes first, then the bytes flow. No bytes, or no links: the latency alone. The target is
  // told in an event of its own, never from within send().
  FlowId send(PathId path, uint64_t bytes, TrafficClass traffic, FlowTarget& target, uint64_t payload = 0);
  // The target is not told. Nothing happens if the flow has ended, or is none.
  void cancel(FlowId flow);

  // bytes/s per crossing that a burst of the collective gets now on its narrowest link l: what the mean rates
  // of the other groups leave of it, shared among its n_l flows and m_l crossings, of which a flow takes no more
  // than the narrowest link of its path. Above 0 always. Right at
  // once when a flow starts or ends, while watchers are told by an event of the same date.
  double group_rate(GroupId group) const;
  // Volume / iteration time, in bytes/s per crossing, while the replica runs; 0 while it idles. Changes of
  // less than 0.1 % are not taken over.
  void set_group_mean_rate(GroupId group, double bytes_per_s);
  // For the statistics: the collective has moved that many bytes over each crossing.
  void account_group(GroupId group, double bytes_per_crossing);

  size_t link_count() const;
  const LinkSpec& link(LinkId link) const;
  // Moved by flows that have ended, by cancelled ones until then, and by collectives as accounted.
  double link_bytes(LinkId link, TrafficClass traffic) const;
  // Time during which at least one flow was on the link; collectives do not count.
  double link_busy_s(LinkId link) const;

  uint64_t flows_started() const;
  uint64_t flows_finished() const;
  uint64_t flows_cancelled() const;
  // I7: requested = delivered + dropped once no flow is left. Whole bytes; a flow that is cancelled counts
  // what it had sent as delivered, and the rest as dropped.
  double bytes_requested() const;
  double bytes_delivered() const;
  double bytes_dropped() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace agentsim::network
