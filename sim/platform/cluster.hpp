#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/platform/topology.hpp"

namespace agentsim::platform {

// A star: every NIC has one cable to a switch that is never the bottleneck itself.
struct Fabric {
  std::string kind = "star";
  double bytes_per_s = 0.0;  // of a NIC's cable, one direction
  double latency_s = 0.0;    // of a NIC's cable
};

struct ClusterSpec {
  std::string name;
  std::string title;
  int64_t count = 1;
  Fabric fabric;
};

template <class Visitor>
void describe(Visitor& v, Fabric& fabric) {
  using config::Need;
  v.choice("kind", fabric.kind, {"star"}, "how nodes are joined");
  v.field("link_bandwidth", fabric.bytes_per_s, Dimension::bandwidth, config::kPositive, "of a NIC's cable", Need::required);
  v.field("latency", fabric.latency_s, Dimension::time, config::kNotNegative, "of a NIC's cable");
}

template <class Visitor>
void describe(Visitor& v, ClusterSpec& spec) {
  v.field("name", spec.name, "the word scenarios use", config::Need::required);
  v.field("title", spec.title, "the name people use");
  v.field("count", spec.count, config::Bounds{1, 1e5}, "nodes");
  v.section("fabric", spec.fabric, "what joins the nodes", config::Need::required);
  v.known("node");
  v.known("provenance");
}

// Nodes of one kind on a fabric (platforms/clusters/*.yaml). Routes inside a node are found once for all nodes, so
// look-up does not depend on the size of the cluster. Directed links are numbered node by node: first the node's own,
// then for each NIC its cable out of and into the node.
class Cluster {
 public:
  Cluster(ClusterSpec spec, NodeTopology topology);

  const ClusterSpec& spec() const { return spec_; }
  const NodeTopology& topology() const { return topology_; }
  const Node& node() const { return topology_.node(); }
  int nodes() const { return static_cast<int>(spec_.count); }
  int gpus_per_node() const { return static_cast<int>(gpus_.size()); }
  int gpu_count() const { return nodes() * gpus_per_node(); }

  int link_count() const { return nodes() * links_per_node_; }
  std::string link_name(int link) const;  // "n0/gpu0>sw0"
  double link_bytes_per_s(int link) const;

  int node_of(int gpu) const { return gpu / gpus_per_node(); }
  // Between two GPUs of the cluster, numbered node by node.
  Route gpu_route(int source, int target) const;
  // From the clients, who stand at the fabric, to the host memory of a GPU and on into the GPU; and back.
  Route ingress(int gpu) const;
  Route egress(int gpu) const;

 private:
  Route in_node(int node, int source_device, int target_device) const;
  Route cable(int node, int nic, bool out) const;
  int device_of(int gpu) const { return gpus_[static_cast<size_t>(gpu % gpus_per_node())]; }

  ClusterSpec spec_;
  NodeTopology topology_;
  std::vector<int> gpus_;
  std::vector<int> nics_;
  int links_per_node_ = 0;
};

// Loads platforms/clusters/<name>.yaml, a path, or an inline map. Throws ConfigError.
Cluster load_cluster(const config::Value& word_or_map);

}  // namespace agentsim::platform
