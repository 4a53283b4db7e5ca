#pragma once

#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "sim/network/traffic.hpp"

namespace agentsim::network {

// Crossings m_l of the links that a collective uses, each link once.
using Crossings = std::vector<std::pair<LinkId, int>>;

// How collective groups and foreign flows (those of FlowNet::send) share links, on average over whole
// iterations of the collective. A group's burst gets on link l the max-min share of capacity B_l among itself
// (m_l crossings), n_l foreign flows, and the other groups, each of which wants no more than its mean rate:
//   (B_l - mean rates of the other groups on l) / (n_l + m_l)
// unless a mean rate exceeds the fair share, to which it is then held, so that the result is positive always. A foreign
// flow that the narrowest link of its own way keeps below the fair share takes no more than that, and leaves the rest.
// Pure arithmetic: knows neither time nor SimGrid.
class GroupTable {
 public:
  explicit GroupTable(const std::vector<LinkSpec>& links);

  // Groups of one owner take turns: none of them shares a link with another.
  GroupId add(Crossings crossings, const void* owner = nullptr);
  size_t size() const { return groups_.size(); }
  const Crossings& crossings(GroupId group) const { return groups_.at(group).crossings; }

  // bytes/s per crossing on the narrowest link.
  double rate(GroupId group) const;
  double mean_rate(GroupId group) const { return groups_.at(group).mean_rate; }
  // A change of less than 0.1 % is not taken over: rates that depend on each other come to rest.
  void set_mean_rate(GroupId group, double bytes_per_s);
  // One foreign flow more (+1) or less (-1) on that link, which alone on its way would get `limit` bytes/s.
  void change_flows(LinkId link, int delta, double limit = std::numeric_limits<double>::infinity());
  // The group runs, and a foreign flow is on one of its links: the flow must feel it.
  bool needs_shadow(GroupId group) const;

  // Groups whose rate may have changed since they were last taken; each once, in the order of the changes.
  std::vector<GroupId> take_touched();
  // The same for those whose shadow may have to start, to stop or to change its rate.
  std::vector<GroupId> take_stale_shadows();
  void mark_shadow(GroupId group);
  bool has_stale_shadows() const { return !stale_shadows_.empty(); }

 private:
  struct Group {
    Crossings crossings;
    const void* owner = nullptr;
    double mean_rate = 0;
    int flows = 0;  // foreign, summed over the links
    bool is_touched = false;
    bool is_shadow_stale = false;
  };
  struct Link {
    double bytes_per_s;
    int flows = 0;
    std::map<double, int> limits;                 // of those flows that have one below bytes_per_s, counted
    std::vector<std::pair<GroupId, int>> groups;  // with their crossings
  };

  bool are_rivals(GroupId a, GroupId b) const {
    return a != b && (groups_[a].owner == nullptr || groups_[a].owner != groups_[b].owner);
  }
  double share(const Link& link, GroupId group, int crossings) const;
  void touch(GroupId group);

  std::vector<Link> links_;
  std::vector<Group> groups_;
  std::vector<GroupId> touched_;
  std::vector<GroupId> stale_shadows_;
};

}  // namespace agentsim::network
