#include "cli/platform_word.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/config/library.hpp"

namespace agentsim::cli {
namespace {

// One GPU beside a processor. No collective runs, so its class does not matter.
constexpr const char* kAlone =
    "{name: alone, title: one GPU, gpu: unknown, collective_class: pcie, p2p: on, acs: off,\n"
    " devices: {gpu0: {kind: gpu}, cpu0: {kind: cpu_socket, socket: 0}, nic0: {kind: nic}},\n"
    " links: [{between: [gpu0, cpu0], kind: internal, bandwidth: 1 GB/s, latency: 1us},\n"
    "         {between: [nic0, cpu0], kind: internal, bandwidth: 1 GB/s, latency: 1us}]}";

config::Value cluster_of(const config::Value& node) {
  config::Value cluster =
      config::Value::parse("{name: unknown, fabric: {link_bandwidth: 400 Gbps}}", "the command line");
  const config::Value* name = node.find("name");
  if (name != nullptr && name->is_scalar()) cluster.set("name", name->scalar());
  cluster.set(config::Value::parse("node", "the command line"), node);
  return cluster;
}

bool is_node(const std::string& word) {
  const auto nodes = config::Library::names("platforms/nodes");
  return std::find(nodes.begin(), nodes.end(), word) != nodes.end();
}

config::Value load(const config::Value& word, const char* kind, const char* folder) {
  Diagnostics diagnostics;
  config::Value map;
  config::Library::load(word, kind, folder, map, diagnostics);
  diagnostics.throw_if_any();
  return map;
}

}  // namespace

platform::Cluster load_platform(const std::string& word, const std::string& gpu) {
  if (gpu.empty()) {
    const config::Value name = config::Value::parse(word, "PLATFORM");
    return platform::load_cluster(is_node(word) ? cluster_of(load(name, "node", "platforms/nodes")) : name);
  }
  const config::Value gpu_word = config::Value::parse(gpu, "--gpu");
  const config::Value key = config::Value::parse("gpu", "--gpu");
  if (word.empty() || is_node(word)) {
    config::Value node = word.empty()
                             ? config::Value::parse(kAlone, "--gpu")
                             : load(config::Value::parse(word, "PLATFORM"), "node", "platforms/nodes");
    node.set(key, gpu_word);
    return platform::load_cluster(cluster_of(node));
  }
  config::Value cluster = load(config::Value::parse(word, "PLATFORM"), "platform", "platforms/clusters");
  const config::Value* node_word = cluster.find("node");
  if (node_word == nullptr) throw ConfigError("--gpu wants a platform with nodes of one kind");
  config::Value node = load(*node_word, "node", "platforms/nodes");
  node.set(key, gpu_word);
  cluster.set(config::Value::parse("node", "--gpu"), node);
  return platform::load_cluster(cluster);
}

}  // namespace agentsim::cli
