#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "sim/base/units.hpp"
#include "sim/config/library.hpp"
#include "sim/platform/cluster.hpp"

namespace agentsim::cli {
namespace {

// A platform by name or file: a cluster, or a node by itself.
platform::Cluster load(const std::string& word) {
  const auto nodes = config::Library::names("platforms/nodes");
  if (std::find(nodes.begin(), nodes.end(), word) != nodes.end()) {
    const std::string text = fmt::format("{{name: {}, node: {}, fabric: {{link_bandwidth: 400 Gbps}}}}", word, word);
    return platform::load_cluster(config::Value::parse(text, word));
  }
  return platform::load_cluster(config::Value::parse(word, "PLATFORM"));
}

// GPUs, NICs and host memories: what traffic starts and ends at.
std::vector<int> endpoints(const platform::Node& node) {
  std::vector<int> all;
  for (const platform::DeviceKind kind :
       {platform::DeviceKind::gpu, platform::DeviceKind::nic, platform::DeviceKind::host_memory})
    for (const int device : node.of_kind(kind)) all.push_back(device);
  return all;
}

template <class Cell>
void print_matrix(const platform::Node& node, const std::vector<int>& devices, const char* title, Cell cell) {
  fmt::print("\n{}\n{:>7}", title, "");
  for (const int to : devices) fmt::print("{:>7}", node.devices[static_cast<size_t>(to)].id);
  fmt::print("\n");
  for (const int from : devices) {
    fmt::print("{:>7}", node.devices[static_cast<size_t>(from)].id);
    for (const int to : devices) fmt::print("{:>7}", cell(from, to));
    fmt::print("\n");
  }
}

void show(const std::string& word) {
  const platform::Cluster cluster = load(word);
  const platform::NodeTopology& topology = cluster.topology();
  const platform::Node& node = topology.node();
  fmt::print("{}: {}\n", cluster.spec().name, cluster.spec().title.empty() ? node.title : cluster.spec().title);
  fmt::print("{} x {} ({} x {}), fabric {} with {} a NIC\n", cluster.nodes(), node.name, cluster.gpus_per_node(),
             node.gpu.title, cluster.spec().fabric.kind, pretty_bandwidth(cluster.spec().fabric.bytes_per_s));
  const std::vector<int> devices = endpoints(node);
  print_matrix(node, devices, "Path class (X self, NV NVLink, PIX one PCIe switch, PHB root port or socket, SYS between sockets, HOST staged)",
               [&](int from, int to) { return std::string(short_name(topology.route(from, to).path_class)); });
  print_matrix(node, devices, "Bandwidth of one flow alone, GB/s", [&](int from, int to) {
    const platform::Route& route = topology.route(from, to);
    return route.links.empty() ? std::string("-") : fmt::format("{:.1f}", route.bytes_per_s / 1e9);
  });
  print_matrix(node, devices, "Latency one way, us", [&](int from, int to) {
    const platform::Route& route = topology.route(from, to);
    return route.links.empty() ? std::string("-") : fmt::format("{:.2f}", route.latency_s * 1e6);
  });
}

}  // namespace

void add_platform(CLI::App& app, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand("platform", "Shows what a platform is made of");
  sub->require_subcommand(1);
  CLI::App* matrix = sub->add_subcommand("show", "Path class, bandwidth and latency between all devices of a node");
  matrix->add_option("PLATFORM", arguments.files, "a cluster or node: a name or a file")->required()->expected(1);
  matrix->callback([&arguments] { show(arguments.files.front()); });
}

}  // namespace agentsim::cli
