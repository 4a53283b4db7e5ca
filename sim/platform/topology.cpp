#include "sim/platform/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <functional>
#include <limits>

#include "sim/config/library.hpp"

namespace agentsim::platform {
namespace {

struct EdgeData {
  int link = 0;
  double cost = 0.0;
};
using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, EdgeData>;
using Edge = boost::graph_traits<Graph>::edge_descriptor;

// Endpoints do not forward; switches, root ports and sockets do.
bool forwards(DeviceKind kind) {
  return kind != DeviceKind::gpu && kind != DeviceKind::nic && kind != DeviceKind::host_memory &&
         kind != DeviceKind::storage;
}

}  // namespace

const char* short_name(PathClass path_class) {
  static constexpr std::array<const char*, 8> names{"X", "NV", "PIX", "PHB", "SYS", "HOST", "NET", "-"};
  return names.at(static_cast<size_t>(path_class));
}

Route joined(const Route& first, const Route& second) {
  Route route = first;
  route.path_class = std::max(first.path_class, second.path_class);
  route.links.insert(route.links.end(), second.links.begin(), second.links.end());
  route.latency_s += second.latency_s;
  route.bytes_per_s = std::min(first.bytes_per_s, second.bytes_per_s);
  return route;
}

NoPath::NoPath(const Node& node, int from, int to)
    : ConfigError(fmt::format("the node '{}' has no path from {} to {}", node.name,
                              node.devices[static_cast<size_t>(from)].id,
                              node.devices[static_cast<size_t>(to)].id)),
      from_(from) {}

NodeTopology::NodeTopology(Node node) : node_(std::move(node)) {
  find_routes();
  check();
}

std::string NodeTopology::link_name(DirectedLink link) const {
  const Cable& cable = node_.cables[static_cast<size_t>(link / 2)];
  const std::string& a = node_.devices[static_cast<size_t>(cable.a)].id;
  const std::string& b = node_.devices[static_cast<size_t>(cable.b)].id;
  return link % 2 == 0 ? fmt::format("{}>{}", a, b) : fmt::format("{}>{}", b, a);
}

double NodeTopology::link_bytes_per_s(DirectedLink link) const {
  return node_.cables[static_cast<size_t>(link / 2)].bytes_per_s;
}

double NodeTopology::link_latency_s(DirectedLink link) const {
  return node_.cables[static_cast<size_t>(link / 2)].latency_s;
}

const Route& NodeTopology::route(int source, int target) const {
  return routes_[static_cast<size_t>(source) * node_.devices.size() + static_cast<size_t>(target)];
}

int NodeTopology::nearest(int device, DeviceKind kind) const {
  int best = -1;
  for (const int candidate : node_.of_kind(kind)) {
    const Route& route_to = route(device, candidate);
    if (route_to.path_class == PathClass::none) continue;
    if (best < 0 || route_to.links.size() < route(device, best).links.size()) best = candidate;
  }
  return best;
}

std::vector<Route> NodeTopology::shortest(int source, bool nvlink) const {
  Graph graph(node_.devices.size());
  for (size_t c = 0; c < node_.cables.size(); ++c) {
    const Cable& cable = node_.cables[c];
    if (is_nvlink(cable.kind) != nvlink) continue;
    // Hops first, then latency: the cost of a hop is far above any latency of a node.
    const EdgeData forward{static_cast<int>(2 * c), 1.0 + cable.latency_s};
    boost::add_edge(static_cast<size_t>(cable.a), static_cast<size_t>(cable.b), forward, graph);
    boost::add_edge(static_cast<size_t>(cable.b), static_cast<size_t>(cable.a),
                    {forward.link + 1, forward.cost}, graph);
  }
  const std::function<bool(Edge)> usable = [&](const Edge& edge) {
    const auto from = boost::source(edge, graph);
    return static_cast<int>(from) == source || forwards(node_.devices[from].kind) ||
           node_.cables[static_cast<size_t>(graph[edge].link / 2)].kind == "ici";
  };
  const boost::filtered_graph<Graph, std::function<bool(Edge)>> allowed(graph, usable);
  std::vector<double> cost(node_.devices.size(), std::numeric_limits<double>::infinity());
  std::vector<size_t> before(node_.devices.size());
  boost::dijkstra_shortest_paths(allowed, static_cast<size_t>(source),
                                 boost::weight_map(boost::get(&EdgeData::cost, graph))
                                     .distance_map(cost.data())
                                     .predecessor_map(before.data()));
  std::vector<Route> routes(node_.devices.size());
  for (size_t target = 0; target < routes.size(); ++target) {
    if (!(cost[target] < 1e9) || static_cast<int>(target) == source) continue;
    Route& route = routes[target];
    for (auto at = target; at != static_cast<size_t>(source); at = before[at])
      route.links.push_back(graph[boost::edge(before[at], at, graph).first].link);
    std::reverse(route.links.begin(), route.links.end());
    route.bytes_per_s = std::numeric_limits<double>::infinity();
    for (const DirectedLink link : route.links) {
      route.latency_s += node_.cables[static_cast<size_t>(link / 2)].latency_s;
      route.bytes_per_s = std::min(route.bytes_per_s, link_bytes_per_s(link));
    }
    route.path_class = nvlink ? PathClass::nvlink : classify(route.links);
  }
  return routes;
}

PathClass NodeTopology::classify(const std::vector<DirectedLink>& links) const {
  PathClass found = PathClass::pix;
  for (const DirectedLink link : links) {
    const Cable& cable = node_.cables[static_cast<size_t>(link / 2)];
    const DeviceKind a = node_.devices[static_cast<size_t>(cable.a)].kind;
    const DeviceKind b = node_.devices[static_cast<size_t>(cable.b)].kind;
    if (a == DeviceKind::cpu_socket && b == DeviceKind::cpu_socket) return PathClass::sys;
    for (const DeviceKind kind : {a, b})
      if (kind == DeviceKind::root_port || kind == DeviceKind::cpu_socket) found = PathClass::phb;
  }
  return found;
}

Route NodeTopology::between_gpus(int source, int target, const Route& nvlink, const Route& direct) const {
  if (nvlink.path_class != PathClass::none) return nvlink;
  if (!node_.p2p) {
    const int memory = nearest(source, DeviceKind::host_memory);
    if (memory < 0) return {};
    Route staged = joined(route(source, memory), route(memory, target));
    staged.path_class = PathClass::staged;
    return staged;
  }
  if (!node_.acs || direct.path_class != PathClass::pix) return direct;
  const int root = nearest(source, DeviceKind::root_port);
  return root < 0 ? direct : joined(route(source, root), route(root, target));
}

void NodeTopology::find_routes() {
  const size_t count = node_.devices.size();
  routes_.reserve(count * count);
  for (size_t source = 0; source < count; ++source) {
    for (Route& route : shortest(static_cast<int>(source), false)) routes_.push_back(std::move(route));
    routes_[source * count + source] = {PathClass::self, {}, 0.0, std::numeric_limits<double>::infinity()};
  }
  // Routes between GPUs are composed of the others, so those come first.
  const std::vector<int> gpus = node_.of_kind(DeviceKind::gpu);
  for (const int source : gpus) {
    const std::vector<Route> nvlink = shortest(source, true);
    for (const int target : gpus) {
      if (source == target) continue;
      Route& found = routes_[static_cast<size_t>(source) * count + static_cast<size_t>(target)];
      found = between_gpus(source, target, nvlink[static_cast<size_t>(target)], found);
    }
  }
}

void NodeTopology::check() const {
  const std::vector<int> gpus = node_.of_kind(DeviceKind::gpu);
  const std::vector<int> memories = node_.of_kind(DeviceKind::host_memory);
  for (const int a : gpus) {
    for (const int b : gpus)
      if (a != b && route(a, b).path_class == PathClass::none) throw NoPath(node_, a, b);
    if (!memories.empty() && nearest(a, DeviceKind::host_memory) < 0) throw NoPath(node_, a, memories.front());
  }
}

NodeTopology load_topology(const config::Value& word_or_map) {
  try {
    return NodeTopology(load_node(word_or_map));
  } catch (const NoPath& error) {
    Diagnostics diagnostics;
    config::Value map;
    config::Library::load(word_or_map, "node", "platforms/nodes", map, diagnostics);
    // Devices stand in the order of the file.
    const config::Value& device = map.find("devices")->entries()[static_cast<size_t>(error.from())].first;
    diagnostics.add(device.mistake(error.diagnostics().front().message));
    diagnostics.throw_if_any();
    throw;
  }
}

}  // namespace agentsim::platform
