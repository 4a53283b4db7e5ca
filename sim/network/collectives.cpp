#include "sim/network/collectives.hpp"

#include "sim/base/contract.hpp"

namespace agentsim::network {

namespace {
// More than any link moves in a run; a shadow that ends all the same is started again.
constexpr uint64_t kShadowBytes = uint64_t{1} << 62;
}  // namespace

Collectives::Collectives(Kernel& kernel, Fabric& fabric, const std::vector<LinkSpec>& links)
    : kernel_(kernel), fabric_(fabric), table_(links) {}

GroupId Collectives::add(Crossings crossings, GroupWatcher& watcher) {
  AGENTSIM_CONTRACT(!fabric_.is_built(), "groups are added before start()");
  const GroupId id = table_.add(std::move(crossings), &watcher);
  std::vector<LinkId> links;
  for (const auto& [link, count] : table_.crossings(id)) links.insert(links.end(), count, link);
  groups_.push_back({&watcher, fabric_.add_route(std::move(links), id), table_.rate(id)});
  return id;
}

double Collectives::rate(GroupId group) const {
  return groups_.at(group).known_rate = table_.rate(group);
}

void Collectives::set_mean_rate(GroupId group, double bytes_per_s) {
  table_.set_mean_rate(group, bytes_per_s);
  post_notices(kernel_.now());
}

void Collectives::change_flows(const std::vector<LinkId>& links, int delta, double limit, double time_s) {
  for (const LinkId link : links) table_.change_flows(link, delta, limit);
  post_notices(time_s);
}

void Collectives::post_notices(double time_s) {
  for (const GroupId id : table_.take_touched()) {
    Group& group = groups_[id];
    if (group.notice.slot == EventId::kNone) group.notice = kernel_.at(time_s, *this, 0, id);
  }
}

// Groups are told one after the other, each with what those before have made of it: rates that depend on each
// other come to rest, where telling all at once might swing for ever.
void Collectives::on_event(uint32_t, uint64_t id) {
  Group& group = groups_[id];
  group.notice = {};
  const double rate = table_.rate(static_cast<GroupId>(id));
  if (rate == group.known_rate) return;
  group.known_rate = rate;
  group.watcher->on_rate_change(static_cast<GroupId>(id));
}

void Collectives::apply_changes() {
  for (const GroupId id : table_.take_stale_shadows()) {
    Group& group = groups_[id];
    if (table_.needs_shadow(id)) {
      fabric_.set_cap(id, table_.mean_rate(id));
      if (!group.shadow) group.shadow = fabric_.start(group.route, kShadowBytes, id);
    } else if (group.shadow) {
      fabric_.stop(group.shadow);
      group.shadow = nullptr;
    }
  }
}

void Collectives::stop_shadows() {
  table_.take_stale_shadows();
  for (Group& group : groups_) {
    kernel_.cancel(group.notice);
    if (group.shadow) fabric_.stop(group.shadow);
    group.shadow = nullptr;
  }
}

void Collectives::on_shadow_end(GroupId id) {
  groups_[id].shadow = nullptr;
  table_.mark_shadow(id);
}

}  // namespace agentsim::network
