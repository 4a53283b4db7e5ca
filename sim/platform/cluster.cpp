#include "sim/platform/cluster.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>

namespace agentsim::platform {
namespace {

std::vector<NodeGroup> one_group(NodeTopology topology, int64_t count) {
  std::vector<NodeGroup> groups;
  groups.push_back({std::move(topology), static_cast<int>(count)});
  return groups;
}

// The last group that begins at or before a number.
template <class Groups, class First>
int group_at(const Groups& groups, int number, First first) {
  const auto after = std::upper_bound(groups.begin(), groups.end(), number,
                                      [&](int n, const auto& group) { return n < first(group); });
  return static_cast<int>(after - groups.begin()) - 1;
}

}  // namespace

Cluster::Cluster(ClusterSpec spec, NodeTopology topology)
    : Cluster(spec, one_group(std::move(topology), spec.count)) {}

Cluster::Cluster(ClusterSpec spec, std::vector<NodeGroup> groups) : spec_(std::move(spec)) {
  groups_.reserve(groups.size());
  for (NodeGroup& group : groups) add_group(std::move(group));
  spec_.count = nodes_;
  Extent extent{nodes_, 1};
  for (const Group& group : groups_)
    extent.rails = std::max(extent.rails, static_cast<int>(group.nics.size()));
  fabric_ = spec_.fabric.lay(extent);
  fabric_links_ = fabric_->can_be_bottleneck() ? fabric_->link_count() : 0;
}

void Cluster::add_group(NodeGroup added) {
  Group group{std::move(added.topology), added.count, nodes_, gpu_count_, first_fabric_link_, 0, {}, {}};
  const NodeTopology& topology = group.topology;
  group.nics = topology.node().of_kind(DeviceKind::nic);
  group.links_per_node = topology.link_count() + 2 * static_cast<int>(group.nics.size());
  std::vector<int> users(group.nics.size(), 0);
  for (const int gpu : topology.node().of_kind(DeviceKind::gpu)) {
    GpuPorts ports{gpu, topology.nearest(gpu, DeviceKind::host_memory),
                   topology.nearest(gpu, DeviceKind::nic), -1};
    // Of NICs as near as the nearest, the one that the fewest GPUs before have taken.
    for (size_t rail = 0; ports.nic >= 0 && rail < group.nics.size(); ++rail) {
      const Route& there = topology.route(gpu, group.nics[rail]);
      if (there.path_class == PathClass::none ||
          there.links.size() > topology.route(gpu, ports.nic).links.size())
        continue;
      if (ports.rail < 0 || users[rail] < users[static_cast<size_t>(ports.rail)])
        ports.rail = static_cast<int>(rail);
    }
    if (ports.rail >= 0) {
      ports.nic = group.nics[static_cast<size_t>(ports.rail)];
      ++users[static_cast<size_t>(ports.rail)];
    }
    group.gpus.push_back(ports);
  }
  nodes_ += group.nodes;
  gpu_count_ += group.nodes * static_cast<int>(group.gpus.size());
  first_fabric_link_ += group.nodes * group.links_per_node;
  groups_.push_back(std::move(group));
}

int Cluster::group_of(int gpu) const {
  return group_at(groups_, gpu, [](const Group& group) { return group.first_gpu; });
}

int Cluster::group_of_node(int node) const {
  return group_at(groups_, node, [](const Group& group) { return group.first_node; });
}

std::string Cluster::composition() const {
  std::string text;
  for (const Group& group : groups_)
    text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", group.nodes, group.topology.node().name);
  return text;
}

std::string Cluster::gpu_words() const {
  std::vector<std::string> names;
  for (const Group& group : groups_) {
    const std::string& gpu = group.topology.node().gpu.name;
    if (std::find(names.begin(), names.end(), gpu) == names.end()) names.push_back(gpu);
  }
  return fmt::format("{}", fmt::join(names, " and "));
}

Cluster::Place Cluster::place(int gpu) const {
  const Group& group = at(group_of(gpu));
  const int per_node = static_cast<int>(group.gpus.size());
  const int local = (gpu - group.first_gpu) / per_node;
  return {&group, &group.gpus[static_cast<size_t>((gpu - group.first_gpu) % per_node)],
          group.first_node + local, group.first_link + local * group.links_per_node};
}

int Cluster::node_of(int gpu) const {
  return place(gpu).node;
}

std::string Cluster::link_name(int link) const {
  if (link >= first_fabric_link_) return fabric_->link_name(link - first_fabric_link_);
  const Group& group = at(group_at(groups_, link, [](const Group& g) { return g.first_link; }));
  const int local = (link - group.first_link) % group.links_per_node;
  const int node_index = group.first_node + (link - group.first_link) / group.links_per_node;
  if (local < group.topology.link_count())
    return fmt::format("n{}/{}", node_index, group.topology.link_name(local));
  const auto rail = static_cast<size_t>(local - group.topology.link_count()) / 2;
  const std::string& nic = group.topology.node().devices[static_cast<size_t>(group.nics[rail])].id;
  return (local - group.topology.link_count()) % 2 == 0 ? fmt::format("n{}/{}>fabric", node_index, nic)
                                                        : fmt::format("n{}/fabric>{}", node_index, nic);
}

double Cluster::link_bytes_per_s(int link) const {
  if (link >= first_fabric_link_) return fabric_->link_bytes_per_s(link - first_fabric_link_);
  const Group& group = at(group_at(groups_, link, [](const Group& g) { return g.first_link; }));
  const int local = (link - group.first_link) % group.links_per_node;
  return local < group.topology.link_count() ? group.topology.link_bytes_per_s(local)
                                             : spec_.fabric.bytes_per_s;
}

bool Cluster::is_memory_link(int link) const {
  if (link >= first_fabric_link_) return false;
  const Group& group = at(group_at(groups_, link, [](const Group& g) { return g.first_link; }));
  const int local = (link - group.first_link) % group.links_per_node;
  return local < group.topology.cable_links() &&
         group.topology.node().cables[static_cast<size_t>(local / 2)].kind == "memory";
}

Route Cluster::in_node(const Place& place, int source_device, int target_device) const {
  Route route = place.group->topology.route(source_device, target_device);
  for (DirectedLink& link : route.links) link += place.first_link;
  return route;
}

Route Cluster::cable(const Place& place, bool out) const {
  const int link =
      place.first_link + place.group->topology.link_count() + 2 * place.ports->rail + (out ? 0 : 1);
  return Route{PathClass::network, {link}, fabric_->cable_latency_s(), spec_.fabric.bytes_per_s};
}

Route Cluster::over(const std::vector<Hop>& hops) const {
  Route route{PathClass::network, {}, 0.0, std::numeric_limits<double>::infinity()};
  for (const Hop& hop : hops) {
    route.latency_s += hop.latency_s;
    if (fabric_links_ == 0) continue;
    route.links.push_back(first_fabric_link_ + hop.link);
    route.bytes_per_s = std::min(route.bytes_per_s, fabric_->link_bytes_per_s(hop.link));
  }
  return route;
}

Cluster::Place Cluster::relay(const Place& from, const Place& to) const {
  if (!fabric_->changes_rail_inside() || from.ports->rail == to.ports->rail) return from;
  for (const GpuPorts& other : from.group->gpus) {
    if (other.rail != to.ports->rail) continue;
    if (from.group->topology.route(from.ports->device, other.device).path_class == PathClass::nvlink)
      return {from.group, &other, from.node, from.first_link};
  }
  return from;
}

Route Cluster::gpu_route(int source, int target) const {
  const Place from = place(source);
  const Place to = place(target);
  if (from.node == to.node) return in_node(from, from.ports->device, to.ports->device);
  if (from.ports->nic < 0 || to.ports->nic < 0) return {};
  const Place at_nic = relay(from, to);
  Route out = joined(in_node(at_nic, at_nic.ports->device, at_nic.ports->nic), cable(at_nic, true));
  if (at_nic.ports != from.ports) out = joined(in_node(from, from.ports->device, at_nic.ports->device), out);
  const Route in = joined(cable(to, false), in_node(to, to.ports->nic, to.ports->device));
  return joined(joined(out, over(fabric_->hops({from.node, at_nic.ports->rail}, {to.node, to.ports->rail}))),
                in);
}

std::vector<int> Cluster::joint_limits(const std::vector<std::pair<int, int>>& gpu_pairs) const {
  std::vector<int> limits(gpu_pairs.size(), -1);
  struct Inside {
    std::vector<std::pair<int, int>> pairs;
    std::vector<size_t> places;
  };
  std::map<int, Inside> by_node;
  for (size_t p = 0; p < gpu_pairs.size(); ++p) {
    const Place from = place(gpu_pairs[p].first);
    const Place to = place(gpu_pairs[p].second);
    if (from.node != to.node || !from.group->topology.node().posted_write_collapse) continue;
    Inside& inside = by_node[from.node];
    inside.pairs.emplace_back(from.ports->device, to.ports->device);
    inside.places.push_back(p);
  }
  for (const auto& [node_index, inside] : by_node) {
    const Place at_node = place(gpu_pairs[inside.places.front()].first);
    const std::vector<DirectedLink> found = at_node.group->topology.joint_limits(inside.pairs);
    for (size_t i = 0; i < found.size(); ++i)
      if (found[i] >= 0) limits[inside.places[i]] = at_node.first_link + found[i];
  }
  return limits;
}

std::vector<RouteStep> Cluster::steps(int source, int target) const {
  const Place from = place(source);
  const Place to = place(target);
  std::vector<RouteStep> steps;
  const auto add = [&](const Place& at_node, int link) {
    const int local = link - at_node.first_link;
    const bool is_own = local < at_node.group->topology.link_count();
    steps.push_back({link_name(link), link_bytes_per_s(link),
                     is_own ? at_node.group->topology.link_latency_s(local) : fabric_->cable_latency_s()});
  };
  if (from.node == to.node) {
    for (const int link : in_node(from, from.ports->device, to.ports->device).links) add(from, link);
    return steps;
  }
  if (from.ports->nic < 0 || to.ports->nic < 0) return {};
  const Place at_nic = relay(from, to);
  if (at_nic.ports != from.ports)
    for (const int link : in_node(from, from.ports->device, at_nic.ports->device).links) add(from, link);
  for (const int link :
       joined(in_node(at_nic, at_nic.ports->device, at_nic.ports->nic), cable(at_nic, true)).links)
    add(from, link);
  for (const Hop& hop : fabric_->hops({from.node, at_nic.ports->rail}, {to.node, to.ports->rail}))
    steps.push_back({fabric_->link_name(hop.link), fabric_->link_bytes_per_s(hop.link), hop.latency_s,
                     fabric_links_ > 0});
  for (const int link : joined(cable(to, false), in_node(to, to.ports->nic, to.ports->device)).links)
    add(to, link);
  return steps;
}

Route Cluster::ingress(int gpu) const {
  const Place at_gpu = place(gpu);
  const auto [device, memory, nic, rail] = *at_gpu.ports;
  Route route{PathClass::network, {}, 0.0, spec_.fabric.bytes_per_s};
  if (nic >= 0) {
    route = joined(over(fabric_->hops_in({at_gpu.node, rail})), cable(at_gpu, false));
    if (memory >= 0) route = joined(route, in_node(at_gpu, nic, memory));
  }
  if (memory >= 0) route = joined(route, in_node(at_gpu, memory, device));
  return route;
}

Route Cluster::egress(int gpu) const {
  const Place at_gpu = place(gpu);
  const auto [device, memory, nic, rail] = *at_gpu.ports;
  Route route{PathClass::network, {}, 0.0, spec_.fabric.bytes_per_s};
  if (memory >= 0) route = joined(route, in_node(at_gpu, device, memory));
  if (nic >= 0) {
    if (memory >= 0) route = joined(route, in_node(at_gpu, memory, nic));
    route = joined(joined(route, cable(at_gpu, true)), over(fabric_->hops_out({at_gpu.node, rail})));
  }
  return route;
}

Route Cluster::from_memory(int gpu) const {
  const Place at_gpu = place(gpu);
  return at_gpu.ports->memory < 0 ? Route{} : in_node(at_gpu, at_gpu.ports->memory, at_gpu.ports->device);
}

Route Cluster::from_storage(int gpu) const {
  const Place at_gpu = place(gpu);
  const int memory = at_gpu.ports->memory;
  const int storage = memory < 0 ? -1 : at_gpu.group->topology.nearest(memory, DeviceKind::storage);
  return storage < 0 ? Route{} : joined(in_node(at_gpu, storage, memory), from_memory(gpu));
}

}  // namespace agentsim::platform
