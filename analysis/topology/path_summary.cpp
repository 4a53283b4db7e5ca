#include "analysis/topology/path_summary.hpp"

#include <algorithm>
#include <map>

#include "sim/platform/max_min.hpp"

namespace agentsim::topology {
namespace {

using platform::PathClass;
using platform::PathFigures;

const PathFigures* measured(const platform::NodeTopology& topology, const platform::Route& route) {
  const platform::PathBook& book = topology.node().paths;
  const auto is_turned = [&] {
    return std::any_of(route.links.begin(), route.links.end(), [&](int link) {
      return link >= topology.cable_links() && topology.link_name(link).find(">acs") != std::string::npos;
    });
  };
  const PathFigures* figures = nullptr;
  if (route.path_class == PathClass::pix) figures = &book.same_switch;
  if (route.path_class == PathClass::phb) figures = is_turned() ? &book.acs : &book.same_socket;
  if (route.path_class == PathClass::sys) figures = &book.cross_socket;
  if (route.path_class == PathClass::staged) figures = &book.host_staged;
  return figures == nullptr || figures->source.empty() ? nullptr : figures;
}

}  // namespace

std::vector<PathSummary> path_summaries(const platform::NodeTopology& topology) {
  const platform::Node& node = topology.node();
  const std::vector<int> gpus = node.of_kind(platform::DeviceKind::gpu);
  std::map<PathClass, PathSummary> by_class;
  for (size_t a = 0; a < gpus.size(); ++a) {
    for (size_t b = a + 1; b < gpus.size(); ++b) {
      const platform::Route& there = topology.route(gpus[a], gpus[b]);
      PathSummary& row = by_class[there.path_class];
      if (row.pairs++ > 0) continue;
      row.path_class = there.path_class;
      row.from = node.devices[static_cast<size_t>(gpus[a])].id;
      row.to = node.devices[static_cast<size_t>(gpus[b])].id;
      row.bytes_per_s = there.bytes_per_s;
      row.latency_s = there.latency_s;
      row.measured = measured(topology, there);
      const auto rates = platform::max_min_rates({there.links, topology.route(gpus[b], gpus[a]).links},
                                                 [&](int link) { return topology.link_bytes_per_s(link); });
      row.both_ways_bytes_per_s = rates[0] + rates[1];
    }
  }
  std::vector<PathSummary> rows;
  for (const auto& [path_class, row] : by_class) rows.push_back(row);
  return rows;
}

const char* meaning(PathClass path_class) {
  switch (path_class) {
    case PathClass::self:
      return "itself";
    case PathClass::nvlink:
      return "NVLink, NVSwitch, Infinity Fabric or ICI";
    case PathClass::pix:
      return "one PCIe switch";
    case PathClass::phb:
      return "root ports of one socket (PHB and NODE of nvidia-smi)";
    case PathClass::sys:
      return "the link between sockets";
    case PathClass::staged:
      return "staged in host memory: no peer-to-peer";
    case PathClass::network:
      return "NICs and the fabric";
    default:
      return "no path";
  }
}

}  // namespace agentsim::topology
