#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/topology/bench.hpp"
#include "analysis/topology/bisection.hpp"
#include "analysis/topology/drawing.hpp"
#include "analysis/topology/path_summary.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/platform_word.hpp"
#include "sim/base/units.hpp"
#include "sim/platform/cluster.hpp"

namespace agentsim::cli {
namespace {

// GPUs, NICs, host memories and storage: what traffic starts and ends at.
std::vector<int> endpoints(const platform::Node& node) {
  std::vector<int> all;
  for (const platform::DeviceKind kind : {platform::DeviceKind::gpu, platform::DeviceKind::nic,
                                          platform::DeviceKind::host_memory, platform::DeviceKind::storage})
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

// What `platform show` is asked for beside the matrices.
struct ShowOptions {
  std::string from;
  std::string to;
  bool dot = false;
  bool svg = false;
};

// "gpu3" of the first node, or "n1/gpu3".
int gpu_named(const platform::Cluster& cluster, const std::string& word) {
  const size_t slash = word.find('/');
  const std::string node_word = slash == std::string::npos ? "n0" : word.substr(0, slash);
  const std::string id = slash == std::string::npos ? word : word.substr(slash + 1);
  const bool is_node = node_word.size() > 1 && node_word.size() < 8 && node_word[0] == 'n' &&
                       node_word.find_first_not_of("0123456789", 1) == std::string::npos;
  const int node_index = is_node ? std::stoi(node_word.substr(1)) : -1;
  if (node_index < 0 || node_index >= cluster.nodes())
    throw ConfigError(
        fmt::format("'{}' is no node of the cluster; they are n0 to n{}", node_word, cluster.nodes() - 1));
  const int group = cluster.group_of_node(node_index);
  int first_node = 0;
  for (int g = 0; g < group; ++g) first_node += cluster.nodes_in(g);
  const int first = cluster.first_gpu(group) + (node_index - first_node) * cluster.gpus_per_node(group);
  const platform::Node& node = cluster.node(group);
  const std::vector<int> gpus = node.of_kind(platform::DeviceKind::gpu);
  for (size_t i = 0; i < gpus.size(); ++i)
    if (node.devices[static_cast<size_t>(gpus[i])].id == id) return first + static_cast<int>(i);
  throw ConfigError(fmt::format("'{}' is no GPU of the node {}", id, node.name));
}

void print_route(const platform::Cluster& cluster, const std::string& from, const std::string& to) {
  const int source = gpu_named(cluster, from);
  const int target = gpu_named(cluster, to);
  const platform::Route route = cluster.gpu_route(source, target);
  if (route.path_class == platform::PathClass::none)
    throw ConfigError(fmt::format("{} and {} have no path", from, to));
  fmt::print("{} to {}: {}, {:.2f} us, {:.1f} GB/s for one flow alone\n\n", from, to,
             platform::short_name(route.path_class), route.latency_s * 1e6, route.bytes_per_s / 1e9);
  fmt::print("{:<28}{:>10}{:>13}\n", "link", "GB/s", "latency, us");
  for (const platform::RouteStep& step : cluster.steps(source, target))
    fmt::print("{:<28}{:>10.1f}{:>13.2f}{}\n", step.name, step.bytes_per_s / 1e9, step.latency_s * 1e6,
               step.is_in_route ? "" : "  never the bottleneck: latency only");
}

void print_legend(const platform::NodeTopology& topology, const std::vector<int>& devices) {
  std::set<platform::PathClass> seen;
  for (const int from : devices)
    for (const int to : devices) seen.insert(topology.route(from, to).path_class);
  fmt::print("\nLegend\n");
  for (const platform::PathClass path_class : seen)
    fmt::print("  {:<5}{}\n", short_name(path_class), topology::meaning(path_class));
}

// A figure or, where there is none, a dash.
std::string cell(double value, double unit, int digits) {
  return value > 0.0 ? fmt::format("{:.{}f}", value / unit, digits) : "-";
}

// What the graph gives a pair of each class beside what was measured on such machines.
void print_summaries(const platform::NodeTopology& topology) {
  const std::vector<topology::PathSummary> rows = topology::path_summaries(topology);
  if (rows.empty()) return;
  fmt::print(
      "\nPaths between GPUs: one pair alone, and measured "
      "(platforms/paths.yaml)\n{:<6}{:>6}{:>18}{:>9}{:>11}{:>8}"
      "{:>15}{:>11}{:>8}\n",
      "class", "pairs", "such as", "GB/s", "both ways", "us", "measured GB/s", "both ways", "us");
  for (const topology::PathSummary& row : rows) {
    const platform::PathFigures none;
    const platform::PathFigures& m = row.measured != nullptr ? *row.measured : none;
    fmt::print("{:<6}{:>6}{:>18}{:>9}{:>11}{:>8}{:>15}{:>11}{:>8}\n", short_name(row.path_class), row.pairs,
               row.from + ">" + row.to, cell(row.bytes_per_s, 1e9, 1),
               cell(row.both_ways_bytes_per_s, 1e9, 1), cell(row.latency_s, 1e-6, 2),
               cell(m.bytes_per_s, 1e9, 1), cell(m.both_ways_bytes_per_s, 1e9, 1),
               cell(m.latency_s, 1e-6, 2));
  }
  for (const topology::PathSummary& row : rows)
    if (row.measured != nullptr)
      fmt::print("  {} is {}: {}\n", short_name(row.path_class), row.measured->verified,
                 row.measured->source);
  const platform::Node& node = topology.node();
  if (node.posted_write_collapse)
    fmt::print("Writes of {} or more GPUs of a switch to several other root ports share {}: {}\n",
               node.paths.posted_writes.sources, pretty_bandwidth(node.paths.posted_writes.bytes_per_s),
               node.paths.posted_writes.source);
}

void print_matrices(const platform::NodeTopology& topology) {
  const platform::Node& node = topology.node();
  const std::vector<int> devices = endpoints(node);
  print_matrix(node, devices, "Path class, as nvidia-smi topo -m prints it", [&](int from, int to) {
    return std::string(short_name(topology.route(from, to).path_class));
  });
  print_legend(topology, devices);
  print_matrix(node, devices, "Bandwidth of one flow alone, GB/s", [&](int from, int to) {
    const platform::Route& route = topology.route(from, to);
    return route.links.empty() ? std::string("-") : fmt::format("{:.1f}", route.bytes_per_s / 1e9);
  });
  print_matrix(node, devices, "Latency one way, us", [&](int from, int to) {
    const platform::Route& route = topology.route(from, to);
    return route.links.empty() ? std::string("-") : fmt::format("{:.2f}", route.latency_s * 1e6);
  });
}

void show(const std::string& word, const ShowOptions& options) {
  const platform::Cluster cluster = load_platform(word);
  if (options.dot || options.svg) {
    fmt::print("{}", options.dot ? topology::dot(cluster.node()) : topology::svg(cluster.node()));
    return;
  }
  if (options.from.empty() != options.to.empty()) throw ConfigError("--from and --to want each other");
  if (!options.from.empty()) {
    print_route(cluster, options.from, options.to);
    return;
  }
  const platform::ClusterSpec& spec = cluster.spec();
  fmt::print("{}: {}\n", spec.name, spec.title.empty() ? cluster.node().title : spec.title);
  fmt::print("{}, fabric {} with {} a NIC\n", cluster.composition(), spec.fabric.kind,
             pretty_bandwidth(spec.fabric.bytes_per_s));
  for (int group = 0; group < cluster.groups(); ++group) {
    const platform::Node& node = cluster.node(group);
    fmt::print("\n{}: {} x {}, bisection of the GPUs {:.1f} GB/s a direction\n", node.name,
               cluster.gpus_per_node(group), node.gpu.title,
               topology::bisection_bytes_per_s(cluster.topology(group)) / 1e9);
    print_matrices(cluster.topology(group));
    print_summaries(cluster.topology(group));
  }
}

void bench(const std::string& word, bool json) {
  const std::vector<topology::BenchRow> rows = topology::bench(load_platform(word));
  fmt::print("{}", json ? topology::to_json(rows).dump(2) + "\n" : topology::table(rows));
}

}  // namespace

void add_platform(CLI::App& app, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand("platform", "Shows what a platform is made of");
  sub->require_subcommand(1);
  CLI::App* matrix =
      sub->add_subcommand("show", "Path class, bandwidth and latency between all devices of a node");
  matrix->add_option("PLATFORM", arguments.files, "a cluster or node: a name or a file")
      ->required()
      ->expected(1);
  const auto options = std::make_shared<ShowOptions>();
  matrix->add_option("--from", options->from,
                     "print the route between two GPUs link by link: gpu0, or n1/gpu3");
  matrix->add_option("--to", options->to, "where that route ends");
  CLI::Option* dot = matrix->add_flag("--dot", options->dot, "print the node for graphviz");
  matrix->add_flag("--svg", options->svg, "print a picture of the node")->excludes(dot);
  matrix->callback([&arguments, options] { show(arguments.files.front(), *options); });
  CLI::App* table =
      sub->add_subcommand("bench", "Simulated transfers and collectives by size, as nccl-tests prints them");
  table->add_option("PLATFORM", arguments.files, "a cluster or node: a name or a file")
      ->required()
      ->expected(1);
  table->add_flag("--json", arguments.json, "print JSON");
  table->callback([&arguments] { bench(arguments.files.front(), arguments.json); });
}

}  // namespace agentsim::cli
