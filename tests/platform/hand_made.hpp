#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "sim/platform/topology.hpp"

namespace agentsim::platform {

// A node by its devices and cables: hand_made().gpus(2).device("sw0", DeviceKind::pcie_switch).cable("gpu0",
// "sw0").
class HandMade {
 public:
  HandMade() { node_.name = "hand_made"; }
  HandMade& device(const std::string& id, DeviceKind kind) {
    node_.devices.push_back({id, kind});
    return *this;
  }
  HandMade& gpus(int count) {
    for (int i = 0; i < count; ++i) device("gpu" + std::to_string(i), DeviceKind::gpu);
    return *this;
  }
  HandMade& cable(const std::string& a, const std::string& b, const std::string& kind = "pcie",
                  double gigabytes_per_s = 50.0, double microseconds = 0.25) {
    node_.cables.push_back({index(a), index(b), kind, gigabytes_per_s * 1e9, microseconds * 1e-6});
    return *this;
  }
  HandMade& p2p(bool on) {
    node_.p2p = on;
    return *this;
  }
  HandMade& acs(bool on) {
    node_.acs = on;
    return *this;
  }
  HandMade& paths(const PathBook& book) {
    node_.paths = book;
    return *this;
  }
  NodeTopology topology() const { return NodeTopology(node_); }

 private:
  int index(const std::string& id) const {
    const auto found =
        std::find_if(node_.devices.begin(), node_.devices.end(), [&](const Device& d) { return d.id == id; });
    return static_cast<int>(found - node_.devices.begin());
  }
  Node node_;
};

inline HandMade hand_made() {
  return HandMade();
}

// Two GPUs and a NIC under one switch, its uplink to the root port of one socket with memory.
inline HandMade one_switch() {
  return hand_made()
      .gpus(2)
      .device("nic0", DeviceKind::nic)
      .device("sw0", DeviceKind::pcie_switch)
      .device("rp0", DeviceKind::root_port)
      .device("cpu0", DeviceKind::cpu_socket)
      .device("mem0", DeviceKind::host_memory)
      .cable("gpu0", "sw0")
      .cable("gpu1", "sw0")
      .cable("nic0", "sw0")
      .cable("sw0", "rp0", "pcie", 40.0, 0.15)
      .cable("rp0", "cpu0", "internal", 128.0, 0.05)
      .cable("cpu0", "mem0", "memory", 300.0, 0.1);
}

inline int device_named(const Node& node, const std::string& id) {
  for (size_t i = 0; i < node.devices.size(); ++i)
    if (node.devices[i].id == id) return static_cast<int>(i);
  return -1;
}

// The route between two devices by name, as "gpu0>sw0 sw0>gpu1".
inline std::string way(const NodeTopology& topology, const std::string& from, const std::string& to) {
  std::string text;
  const Route& route = topology.route(device_named(topology.node(), from), device_named(topology.node(), to));
  for (const DirectedLink link : route.links) text += (text.empty() ? "" : " ") + topology.link_name(link);
  return text;
}

inline std::string path_class(const NodeTopology& topology, const std::string& from, const std::string& to) {
  return short_name(
      topology.route(device_named(topology.node(), from), device_named(topology.node(), to)).path_class);
}

}  // namespace agentsim::platform
