#include "analysis/topology/bisection.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/edmonds_karp_max_flow.hpp>
#include <set>

namespace agentsim::topology {
namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
struct Pipe {
  double capacity = 0.0;
  double residual = 0.0;
  Traits::edge_descriptor reverse;
};
using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Pipe>;

void add_pipe(Graph& graph, size_t from, size_t to, double capacity) {
  const auto forward = boost::add_edge(from, to, {capacity, 0.0, {}}, graph).first;
  const auto back = boost::add_edge(to, from, {0.0, 0.0, forward}, graph).first;
  graph[forward].reverse = back;
}

}  // namespace

double bisection_bytes_per_s(const platform::NodeTopology& topology) {
  const platform::Node& node = topology.node();
  const std::vector<int> gpus = node.of_kind(platform::DeviceKind::gpu);
  const size_t half = gpus.size() / 2;
  const size_t source = node.devices.size();
  const size_t sink = source + 1;
  std::set<platform::DirectedLink> used;
  double total = 0.0;  // more than any cut
  for (size_t a = 0; a < half; ++a)
    for (size_t b = half; b < gpus.size(); ++b)
      for (const platform::DirectedLink link : topology.route(gpus[a], gpus[b]).links)
        if (link < topology.cable_links()) used.insert(link);
  Graph graph(sink + 1);
  for (const platform::DirectedLink link : used) {
    const platform::Cable& cable = node.cables[static_cast<size_t>(link / 2)];
    const int from = link % 2 == 0 ? cable.a : cable.b;
    const int to = link % 2 == 0 ? cable.b : cable.a;
    add_pipe(graph, static_cast<size_t>(from), static_cast<size_t>(to), cable.bytes_per_s);
    total += cable.bytes_per_s;
  }
  if (used.empty()) return 0.0;
  for (size_t g = 0; g < gpus.size(); ++g) {
    const auto gpu = static_cast<size_t>(gpus[g]);
    g < half ? add_pipe(graph, source, gpu, total) : add_pipe(graph, gpu, sink, total);
  }
  return boost::edmonds_karp_max_flow(graph, source, sink,
                                      boost::capacity_map(boost::get(&Pipe::capacity, graph))
                                          .residual_capacity_map(boost::get(&Pipe::residual, graph))
                                          .reverse_edge_map(boost::get(&Pipe::reverse, graph)));
}

}  // namespace agentsim::topology
