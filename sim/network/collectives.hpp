#pragma once

#include <vector>

#include "sim/network/event_target.hpp"
#include "sim/network/fabric.hpp"
#include "sim/network/group_table.hpp"
#include "sim/network/kernel.hpp"

namespace agentsim::network {

// The collective groups of a FlowNet. Their traffic is a formula of their replicas; here it meets the foreign
// flows: watchers hear of other rates, and shadow streams, capped at the groups' mean rates, slow the flows.
class Collectives : public EventTarget {
 public:
  Collectives(Kernel& kernel, Fabric& fabric, const std::vector<LinkSpec>& links);

  GroupId add(Crossings crossings, GroupWatcher& watcher);
  size_t size() const { return groups_.size(); }
  const Crossings& crossings(GroupId group) const { return table_.crossings(group); }

  double rate(GroupId group) const;
  void set_mean_rate(GroupId group, double bytes_per_s);
  // Flows whose way, empty, would give them `limit` bytes/s. `time_s` may be ahead of Kernel::now(): a flow has ended, and the kernel has yet to be woken.
  void change_flows(const std::vector<LinkId>& links, int delta, double limit, double time_s);

  bool has_changes() const { return table_.has_stale_shadows(); }
  void apply_changes();
  void stop_shadows();
  // A shadow has moved all its bytes.
  void on_shadow_end(GroupId group);

 private:
  struct Group {
    GroupWatcher* watcher;
    Fabric::RouteId route;
    // The rate that the watcher was last told or has read.
    mutable double known_rate;
    Fabric::Stream* shadow = nullptr;
    EventId notice{};
  };

  void on_event(uint32_t kind, uint64_t group) override;
  void post_notices(double time_s);

  Kernel& kernel_;
  Fabric& fabric_;
  GroupTable table_;
  std::vector<Group> groups_;
};

}  // namespace agentsim::network
