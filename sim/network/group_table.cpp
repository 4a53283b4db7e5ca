#include "sim/network/group_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/contract.hpp"

namespace agentsim::network {

namespace {
constexpr double kNotable = 1e-3;
}  // namespace

GroupTable::GroupTable(const std::vector<LinkSpec>& links) {
  links_.reserve(links.size());
  for (const LinkSpec& link : links) links_.push_back({link.bytes_per_s, 0, {}, {}});
}

GroupId GroupTable::add(Crossings crossings, const void* owner) {
  const auto id = static_cast<GroupId>(groups_.size());
  AGENTSIM_CONTRACT(!crossings.empty(), "group {} crosses no link", id);
  Group group;
  for (const auto& [link, count] : crossings) {
    AGENTSIM_CONTRACT(link < links_.size() && count > 0, "group {} crosses link {} {} times", id, link,
                      count);
    links_[link].groups.emplace_back(id, count);
    group.flows += links_[link].flows;
  }
  group.crossings = std::move(crossings);
  group.owner = owner;
  groups_.push_back(std::move(group));
  return id;
}

double GroupTable::rate(GroupId group) const {
  double narrowest = std::numeric_limits<double>::infinity();
  for (const auto& [link, count] : groups_.at(group).crossings) {
    narrowest = std::min(narrowest, share(links_[link], group, count));
  }
  return narrowest;
}

// Water filling: at first all share alike; then those who want less than the level leave the rest to the
// others, and the level rises, until nobody else wants less.
double GroupTable::share(const Link& link, GroupId group, int crossings) const {
  double level = 0;
  for (;;) {
    double taken = 0;
    int sharers = link.flows + crossings;
    for (const auto& [limit, count] : link.limits) {
      if (limit >= level) break;
      taken += limit * count;
      sharers -= count;
    }
    for (const auto& [other, count] : link.groups) {
      if (!are_rivals(other, group)) continue;
      const double mean = groups_[other].mean_rate;
      if (mean < level || mean == 0) {
        taken += mean * count;
      } else {
        sharers += count;
      }
    }
    const double next = (link.bytes_per_s - taken) / sharers;
    if (!(next > level)) return level;
    level = next;
  }
}

void GroupTable::set_mean_rate(GroupId id, double bytes_per_s) {
  AGENTSIM_CONTRACT(bytes_per_s >= 0 && std::isfinite(bytes_per_s), "group {}: mean rate {} bytes/s", id,
                    bytes_per_s);
  Group& group = groups_.at(id);
  const bool starts_or_stops = (group.mean_rate == 0) != (bytes_per_s == 0);
  if (!starts_or_stops && std::abs(bytes_per_s - group.mean_rate) <= kNotable * group.mean_rate) return;
  group.mean_rate = bytes_per_s;
  if (group.flows > 0) mark_shadow(id);
  for (const auto& [link, count] : group.crossings) {
    for (const auto& [other, other_count] : links_[link].groups) {
      if (are_rivals(other, id)) touch(other);
    }
  }
}

void GroupTable::change_flows(LinkId id, int delta, double limit) {
  Link& link = links_[id];
  link.flows += delta;
  if (limit < link.bytes_per_s && (link.limits[limit] += delta) == 0) link.limits.erase(limit);
  for (const auto& [other, count] : link.groups) {
    Group& group = groups_[other];
    const bool had_flows = group.flows > 0;
    group.flows += delta;
    if (group.mean_rate > 0 && had_flows != (group.flows > 0)) mark_shadow(other);
    touch(other);
  }
}

bool GroupTable::needs_shadow(GroupId id) const {
  const Group& group = groups_.at(id);
  return group.mean_rate > 0 && group.flows > 0;
}

std::vector<GroupId> GroupTable::take_touched() {
  for (const GroupId group : touched_) groups_[group].is_touched = false;
  return std::exchange(touched_, {});
}

std::vector<GroupId> GroupTable::take_stale_shadows() {
  for (const GroupId group : stale_shadows_) groups_[group].is_shadow_stale = false;
  return std::exchange(stale_shadows_, {});
}

void GroupTable::touch(GroupId group) {
  if (std::exchange(groups_[group].is_touched, true)) return;
  touched_.push_back(group);
}

void GroupTable::mark_shadow(GroupId group) {
  if (std::exchange(groups_[group].is_shadow_stale, true)) return;
  stale_shadows_.push_back(group);
}

}  // namespace agentsim::network
