#include "sim/platform/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <functional>
#include <limits>
#include <map>
#include <set>

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
  if (link >= cable_links()) return limits_[static_cast<size_t>(link - cable_links())].name;
  const Cable& cable = node_.cables[static_cast<size_t>(link / 2)];
  const std::string& a = node_.devices[static_cast<size_t>(cable.a)].id;
  const std::string& b = node_.devices[static_cast<size_t>(cable.b)].id;
  return link % 2 == 0 ? fmt::format("{}>{}", a, b) : fmt::format("{}>{}", b, a);
}

double NodeTopology::link_bytes_per_s(DirectedLink link) const {
  if (link >= cable_links()) return limits_[static_cast<size_t>(link - cable_links())].bytes_per_s;
  return node_.cables[static_cast<size_t>(link / 2)].bytes_per_s;
}

double NodeTopology::link_latency_s(DirectedLink link) const {
  return link < cable_links() ? node_.cables[static_cast<size_t>(link / 2)].latency_s : 0.0;
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

Route NodeTopology::between_peers(int source, int target, const Route& direct) {
  if (!node_.p2p) {
    // In the memory near the GPU, whichever end that is.
    const bool is_gpu = node_.devices[static_cast<size_t>(source)].kind == DeviceKind::gpu;
    const int memory = nearest(is_gpu ? source : target, DeviceKind::host_memory);
    if (memory < 0) return {};
    const Route in = route(source, memory);
    const Route out = route(memory, target);
    if (in.path_class == PathClass::none || out.path_class == PathClass::none) return {};
    Route staged = joined(in, out);
    staged.path_class = PathClass::staged;
    staged.latency_s = std::max(staged.latency_s, node_.paths.host_staged.latency_s);
    return staged;
  }
  Route peers = direct;
  const int root = nearest(source, DeviceKind::root_port);
  const bool is_turned = node_.acs && direct.path_class == PathClass::pix && root >= 0;
  if (is_turned) {
    peers = joined(route(source, root), route(root, target));
    hold_to(node_.paths.acs, "acs", source, peers);
  } else if (direct.path_class == PathClass::pix) {
    hold_to(node_.paths.same_switch, "pix", source, peers);
  } else if (direct.path_class == PathClass::phb) {
    hold_to(node_.paths.same_socket, "phb", source, peers);
  } else if (direct.path_class == PathClass::sys) {
    hold_to(node_.paths.cross_socket, "sys", source, peers);
  }
  return peers;
}

// Adds a limit to a route whose cables are faster than measured by more than rounding.
void NodeTopology::hold_to(const PathFigures& figures, const char* word, int source, Route& route) {
  if (figures.bytes_per_s <= 0.0 || figures.bytes_per_s > 0.99 * route.bytes_per_s) return;
  const std::string limit = node_.devices[static_cast<size_t>(source)].id + ">" + word;
  const auto [entry, is_new] = limit_by_name_.emplace(limit, link_count());
  if (is_new) limits_.push_back({limit, figures.bytes_per_s});
  route.links.insert(route.links.begin(), entry->second);
  route.bytes_per_s = figures.bytes_per_s;
}

void NodeTopology::add_switch_limits() {
  if (!node_.posted_write_collapse) return;
  for (const int device : node_.of_kind(DeviceKind::pcie_switch)) {
    spread_of_[static_cast<size_t>(device)] = link_count();
    limits_.push_back({node_.devices[static_cast<size_t>(device)].id + ">root ports",
                       node_.paths.posted_writes.bytes_per_s});
  }
}

NodeTopology::Dispatch NodeTopology::dispatch(int source, const Route& route) const {
  Dispatch found;
  if (route.path_class == PathClass::staged) return found;
  int at = source;
  int roots = 0;
  int first_switch = -1;
  for (const DirectedLink link : route.links) {
    if (link >= cable_links()) continue;
    const Cable& cable = node_.cables[static_cast<size_t>(link / 2)];
    at = cable.a == at ? cable.b : cable.a;
    const DeviceKind kind = node_.devices[static_cast<size_t>(at)].kind;
    if (kind == DeviceKind::pcie_switch && first_switch < 0 && roots == 0) first_switch = at;
    if (kind != DeviceKind::root_port) continue;
    ++roots;
    found.root = at;
  }
  if (roots >= 2) found.switch_device = first_switch;
  return found;
}

std::vector<DirectedLink> NodeTopology::joint_limits(const std::vector<std::pair<int, int>>& pairs) const {
  std::vector<DirectedLink> limits(pairs.size(), -1);
  if (!node_.posted_write_collapse) return limits;
  struct Traffic {
    std::set<int> sources;
    std::set<int> roots;
    std::vector<size_t> pairs;
  };
  std::map<int, Traffic> by_switch;
  for (size_t p = 0; p < pairs.size(); ++p) {
    const Dispatch sent = dispatch(pairs[p].first, route(pairs[p].first, pairs[p].second));
    if (sent.switch_device < 0) continue;
    Traffic& traffic = by_switch[sent.switch_device];
    traffic.sources.insert(pairs[p].first);
    traffic.roots.insert(sent.root);
    traffic.pairs.push_back(p);
  }
  for (const auto& [device, traffic] : by_switch) {
    if (static_cast<int64_t>(traffic.sources.size()) < node_.paths.posted_writes.sources ||
        traffic.roots.size() < 2)
      continue;
    for (const size_t p : traffic.pairs) limits[p] = spread_of_[static_cast<size_t>(device)];
  }
  return limits;
}

void NodeTopology::find_routes() {
  const size_t count = node_.devices.size();
  routes_.reserve(count * count);
  for (size_t source = 0; source < count; ++source) {
    for (Route& route : shortest(static_cast<int>(source), false)) routes_.push_back(std::move(route));
    routes_[source * count + source] = {PathClass::self, {}, 0.0, std::numeric_limits<double>::infinity()};
  }
  spread_of_.assign(count, -1);
  add_switch_limits();
  // Routes between peers are composed of the others, so those come first.
  const std::vector<int> gpus = node_.of_kind(DeviceKind::gpu);
  const auto settle = [&](int source, int target) {
    Route& found = routes_[static_cast<size_t>(source) * count + static_cast<size_t>(target)];
    found = between_peers(source, target, found);
  };
  for (const int source : gpus) {
    const std::vector<Route> nvlink = shortest(source, true);
    for (const int target : gpus) {
      if (source == target) continue;
      const Route& joint = nvlink[static_cast<size_t>(target)];
      if (joint.path_class == PathClass::none)
        settle(source, target);
      else
        routes_[static_cast<size_t>(source) * count + static_cast<size_t>(target)] = joint;
    }
  }
  for (const DeviceKind kind : {DeviceKind::nic, DeviceKind::storage}) {
    for (const int device : node_.of_kind(kind)) {
      for (const int gpu : gpus) {
        settle(gpu, device);
        settle(device, gpu);
      }
    }
  }
}

void NodeTopology::check() const {
  const std::vector<int> gpus = node_.of_kind(DeviceKind::gpu);
  const std::vector<int> memories = node_.of_kind(DeviceKind::host_memory);
  for (const int a : gpus) {
    for (const int b : gpus)
      if (a != b && route(a, b).path_class == PathClass::none) throw NoPath(node_, a, b);
    if (!memories.empty() && nearest(a, DeviceKind::host_memory) < 0)
      throw NoPath(node_, a, memories.front());
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
