#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/platform/node.hpp"

namespace agentsim::platform {

// How two devices of a node reach each other, nearest first; the short names are those of `nvidia-smi topo
// -m`.
enum class PathClass : uint8_t {
  self,     // X
  nvlink,   // NV    NVLink, NVSwitch, Infinity Fabric or ICI
  pix,      // PIX   one PCIe switch
  phb,      // PHB   through a root port or CPU of one socket
  sys,      // SYS   between sockets
  staged,   // HOST  through host memory: no peer-to-peer
  network,  // NET   between nodes
  none,     // no path
};
const char* short_name(PathClass path_class);

// A directed link: one direction of a cable. Index 2c is cable c from a to b, 2c+1 from b to a.
using DirectedLink = int;

struct Route {
  PathClass path_class = PathClass::none;
  std::vector<DirectedLink> links;
  double latency_s = 0.0;
  double bytes_per_s = 0.0;  // of the narrowest link; one flow alone
};

// Two devices that have to reach each other do not.
class NoPath : public ConfigError {
 public:
  NoPath(const Node& node, int from, int to);
  int from() const { return from_; }  // a device of the node

 private:
  int from_;
};

// The graph of one node (Boost.Graph) and the routes on it, found once when it is built. Policy: NVLink
// before PCIe peer-to-peer before staging in host memory; ACS sends peer-to-peer traffic up to the root port
// and back; GPUs, NICs and memories never forward traffic of others, except that accelerators forward on ICI
// (a torus of chips).
class NodeTopology {
 public:
  // Throws NoPath if two GPUs, or a GPU and every host memory, have none.
  explicit NodeTopology(Node node);

  const Node& node() const { return node_; }
  int link_count() const { return 2 * static_cast<int>(node_.cables.size()); }
  std::string link_name(DirectedLink link) const;
  double link_bytes_per_s(DirectedLink link) const;
  double link_latency_s(DirectedLink link) const;
  const Route& route(int source, int target) const;
  // The host memory nearest to a device, the NIC nearest to it; -1: none.
  int nearest(int device, DeviceKind kind) const;

 private:
  void find_routes();
  void check() const;
  std::vector<Route> shortest(int source, bool nvlink) const;  // to every device
  Route between_gpus(int source, int target, const Route& nvlink, const Route& direct) const;
  PathClass classify(const std::vector<DirectedLink>& links) const;

  Node node_;
  std::vector<Route> routes_;  // source * device count + target
};

// Loads platforms/nodes/<name>.yaml or a path with its routes. Throws ConfigError as load_node does, and
// where a GPU is disconnected.
NodeTopology load_topology(const config::Value& word_or_map);

// First route, then second, as one: latencies add, the narrowest link counts.
Route joined(const Route& first, const Route& second);

}  // namespace agentsim::platform
