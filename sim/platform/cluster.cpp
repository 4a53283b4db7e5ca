#include "sim/platform/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/config/library.hpp"

namespace agentsim::platform {
Cluster::Cluster(ClusterSpec spec, NodeTopology topology)
    : spec_(std::move(spec)),
      topology_(std::move(topology)),
      gpus_(node().of_kind(DeviceKind::gpu)),
      nics_(node().of_kind(DeviceKind::nic)),
      links_per_node_(topology_.link_count() + 2 * static_cast<int>(nics_.size())) {}

std::string Cluster::link_name(int link) const {
  const int local = link % links_per_node_;
  const int node_index = link / links_per_node_;
  if (local < topology_.link_count()) return fmt::format("n{}/{}", node_index, topology_.link_name(local));
  const int cable_index = local - topology_.link_count();
  const std::string& nic = node().devices[static_cast<size_t>(nics_[static_cast<size_t>(cable_index / 2)])].id;
  return cable_index % 2 == 0 ? fmt::format("n{}/{}>fabric", node_index, nic)
                              : fmt::format("n{}/fabric>{}", node_index, nic);
}

double Cluster::link_bytes_per_s(int link) const {
  const int local = link % links_per_node_;
  return local < topology_.link_count() ? topology_.link_bytes_per_s(local) : spec_.fabric.bytes_per_s;
}

Route Cluster::in_node(int node_index, int source_device, int target_device) const {
  Route route = topology_.route(source_device, target_device);
  for (DirectedLink& link : route.links) link += node_index * links_per_node_;
  return route;
}

Route Cluster::cable(int node_index, int nic, bool out) const {
  const auto position = std::find(nics_.begin(), nics_.end(), nic) - nics_.begin();
  const int link = node_index * links_per_node_ + topology_.link_count() + 2 * static_cast<int>(position) + (out ? 0 : 1);
  return Route{PathClass::network, {link}, spec_.fabric.latency_s, spec_.fabric.bytes_per_s};
}

Route Cluster::gpu_route(int source, int target) const {
  const int from = node_of(source);
  const int to = node_of(target);
  if (from == to) return in_node(from, device_of(source), device_of(target));
  const int nic_out = topology_.nearest(device_of(source), DeviceKind::nic);
  const int nic_in = topology_.nearest(device_of(target), DeviceKind::nic);
  if (nic_out < 0 || nic_in < 0) return {};
  const Route out = joined(in_node(from, device_of(source), nic_out), cable(from, nic_out, true));
  const Route in = joined(cable(to, nic_in, false), in_node(to, nic_in, device_of(target)));
  return joined(out, in);
}

Route Cluster::ingress(int gpu) const {
  const int device = device_of(gpu);
  const int memory = topology_.nearest(device, DeviceKind::host_memory);
  const int nic = topology_.nearest(device, DeviceKind::nic);
  Route route{PathClass::network, {}, 0.0, spec_.fabric.bytes_per_s};
  if (nic >= 0) {
    route = cable(node_of(gpu), nic, false);
    if (memory >= 0) route = joined(route, in_node(node_of(gpu), nic, memory));
  }
  if (memory >= 0) route = joined(route, in_node(node_of(gpu), memory, device));
  return route;
}

Route Cluster::egress(int gpu) const {
  const int device = device_of(gpu);
  const int memory = topology_.nearest(device, DeviceKind::host_memory);
  const int nic = topology_.nearest(device, DeviceKind::nic);
  Route route{PathClass::network, {}, 0.0, spec_.fabric.bytes_per_s};
  if (memory >= 0) route = joined(route, in_node(node_of(gpu), device, memory));
  if (nic >= 0) {
    if (memory >= 0) route = joined(route, in_node(node_of(gpu), memory, nic));
    route = joined(route, cable(node_of(gpu), nic, true));
  }
  return route;
}

Cluster load_cluster(const config::Value& word_or_map) {
  Diagnostics diagnostics;
  config::Value map;
  if (!config::Library::load(word_or_map, "platform", "platforms/clusters", map, diagnostics))
    diagnostics.throw_if_any();
  ClusterSpec spec;
  config::read_map(map, "the cluster", spec, diagnostics);
  const config::Value* node = map.find("node");
  if (node == nullptr) diagnostics.add(map.mistake("the cluster lacks the key 'node'"));
  diagnostics.throw_if_any();
  return Cluster(spec, NodeTopology(load_node(*node)));
}

}  // namespace agentsim::platform
