#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
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

// A directed link: one direction of a cable, or a limit that the cables do not show. Index 2c is cable c from a to b,
// 2c+1 from b to a; limits come after the cables.
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
// and back; GPUs, NICs and memories never forward traffic of others, except that accelerators forward on ICI (a torus
// of chips). Peers are a GPU and another GPU, a NIC or a storage device: without peer-to-peer there is no GPUDirect
// either. What a device sends to its peers on a class of paths is no faster than `paths` says of that class.
class NodeTopology {
 public:
  // Throws NoPath if two GPUs, or a GPU and every host memory, have none.
  explicit NodeTopology(Node node);

  const Node& node() const { return node_; }
  int link_count() const { return cable_links() + static_cast<int>(limits_.size()); }
  // Links below this are cables.
  int cable_links() const { return 2 * static_cast<int>(node_.cables.size()); }
  std::string link_name(DirectedLink link) const;
  double link_bytes_per_s(DirectedLink link) const;
  double link_latency_s(DirectedLink link) const;
  const Route& route(int source, int target) const;
  // The host memory nearest to a device, the NIC nearest to it; -1: none.
  int nearest(int device, DeviceKind kind) const;
  // The limit that writes of these pairs of devices share when all run at once, for each pair, beside the links of its
  // route; -1: none. See PostedWrites.
  std::vector<DirectedLink> joint_limits(const std::vector<std::pair<int, int>>& pairs) const;

 private:
  struct Limit {
    std::string name;
    double bytes_per_s = 0.0;
  };
  // The switch that a route leaves by its uplink, and the root port below which it ends; -1: it does not.
  struct Dispatch {
    int switch_device = -1;
    int root = -1;
  };

  void find_routes();
  void check() const;
  std::vector<Route> shortest(int source, bool nvlink) const;  // to every device
  Route between_peers(int source, int target, const Route& direct);
  void hold_to(const PathFigures& figures, const char* word, int source, Route& route);
  void add_switch_limits();
  Dispatch dispatch(int source, const Route& route) const;
  PathClass classify(const std::vector<DirectedLink>& links) const;

  Node node_;
  std::vector<Limit> limits_;
  std::map<std::string, DirectedLink> limit_by_name_;
  std::vector<int> spread_of_;  // by device: the limit of a switch that sends to several root ports; -1: none
  std::vector<Route> routes_;   // source * device count + target
};

// Loads platforms/nodes/<name>.yaml or a path with its routes. Throws ConfigError as load_node does, and
// where a GPU is disconnected.
NodeTopology load_topology(const config::Value& word_or_map);

// First route, then second, as one: latencies add, the narrowest link counts.
Route joined(const Route& first, const Route& second);

}  // namespace agentsim::platform
