#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/platform/fabric.hpp"
#include "sim/platform/topology.hpp"

namespace agentsim::platform {

struct ClusterSpec {
  std::string name;
  std::string title;
  int64_t count = 1;  // of nodes where all are of one kind
  Fabric fabric;
};

template <class Visitor>
void describe(Visitor& v, ClusterSpec& spec) {
  v.field("name", spec.name, "the word scenarios use", config::Need::required);
  v.field("title", spec.title, "the name people use");
  v.field("count", spec.count, config::Bounds{1, 1e5}, "nodes");
  v.value("fabric", spec.fabric, "what joins the nodes", config::Need::required);
  v.known("groups");
  v.known("node");
  v.known("provenance");
}

// Nodes of one kind in a cluster.
struct NodeGroup {
  NodeTopology topology;
  int count = 1;
};

// What a route crosses, for people.
struct RouteStep {
  std::string name;
  double bytes_per_s = 0.0;
  double latency_s = 0.0;
  bool is_in_route = true;  // false: it can never be the bottleneck, so only its latency counts
};

// Groups of nodes on a fabric (platforms/clusters/*.yaml). Nodes and GPUs are numbered group by group. Routes
// inside a node are found once for all nodes of a group, so look-up does not depend on the size of the
// cluster. Directed links are numbered node by node: first the node's own, then for each NIC its cable out of
// and into the node. Those of the fabric that can be a bottleneck come last.
class Cluster {
 public:
  Cluster(ClusterSpec spec, NodeTopology topology);
  // At least one group; the fabric fits their nodes.
  Cluster(ClusterSpec spec, std::vector<NodeGroup> groups);

  const ClusterSpec& spec() const { return spec_; }
  int groups() const { return static_cast<int>(groups_.size()); }
  const NodeTopology& topology(int group = 0) const { return at(group).topology; }
  const Node& node(int group = 0) const { return topology(group).node(); }
  int nodes() const { return nodes_; }
  int nodes_in(int group) const { return at(group).nodes; }
  int gpus_per_node(int group = 0) const { return static_cast<int>(at(group).gpus.size()); }
  int gpu_count() const { return gpu_count_; }
  int first_gpu(int group) const { return at(group).first_gpu; }
  int group_of(int gpu) const;
  int group_of_node(int node) const;
  // "4 x hgx_h100, 8 x rtx_pro_6000_pcie_8gpu"
  std::string composition() const;
  // "h100_sxm", or "h100_sxm and rtx_pro_6000_server" where groups have different ones.
  std::string gpu_words() const;

  int link_count() const { return first_fabric_link_ + fabric_links_; }
  std::string link_name(int link) const;  // "n0/gpu0>sw0"
  double link_bytes_per_s(int link) const;
  // Reads and writes of a host memory share it, whatever the direction of the cable.
  bool is_memory_link(int link) const;

  int node_of(int gpu) const;
  // Between two GPUs of the cluster.
  Route gpu_route(int source, int target) const;
  // The links that transfers between GPUs cross beside those of their routes because all of them run at once, for each
  // pair; -1: none. See NodeTopology::joint_limits.
  std::vector<int> joint_limits(const std::vector<std::pair<int, int>>& gpu_pairs) const;
  // The same link by link, with those that routes leave out. Empty: no path.
  std::vector<RouteStep> steps(int source, int target) const;
  // From the clients to the host memory of a GPU and on into the GPU, and back. They stand at the fabric's switch, in
  // one of leaves at the spine.
  Route ingress(int gpu) const;
  Route egress(int gpu) const;
  // From the host memory near a GPU, and from the storage near that memory through it. Class none: there is none.
  Route from_memory(int gpu) const;
  Route from_storage(int gpu) const;

 private:
  // A GPU of a node and what is nearest to it; -1: none.
  struct GpuPorts {
    int device = 0;
    int memory = -1;
    int nic = -1;
    int rail = -1;  // the NIC's place among those of the node
  };
  struct Group {
    NodeTopology topology;
    int nodes = 1;
    int first_node = 0;
    int first_gpu = 0;
    int first_link = 0;
    int links_per_node = 0;
    std::vector<GpuPorts> gpus;
    std::vector<int> nics;
  };
  struct Place {
    const Group* group;
    const GpuPorts* ports;
    int node;
    int first_link;  // of the node
  };
  const Group& at(int group) const { return groups_[static_cast<size_t>(group)]; }
  void add_group(NodeGroup group);
  Place place(int gpu) const;
  Route in_node(const Place& place, int source_device, int target_device) const;
  Route cable(const Place& place, bool out) const;
  Route over(const std::vector<Hop>& hops) const;
  // The GPU of the sender's node whose NIC a message leaves by: itself, or with PXN the one on the receiver's rail.
  Place relay(const Place& from, const Place& to) const;

  ClusterSpec spec_;
  std::vector<Group> groups_;
  std::shared_ptr<const FabricLayout> fabric_;
  int nodes_ = 0;
  int gpu_count_ = 0;
  int first_fabric_link_ = 0;
  int fabric_links_ = 0;  // that routes name
};

// Loads platforms/clusters/<name>.yaml, a path, or an inline map. Throws ConfigError.
Cluster load_cluster(const config::Value& word_or_map);

}  // namespace agentsim::platform
