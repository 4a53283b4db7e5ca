#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "sim/config/library.hpp"
#include "sim/platform/cluster.hpp"

namespace agentsim::platform {
namespace {

struct GroupSpec {
  int64_t count = 1;
};

template <class Visitor>
void describe(Visitor& v, GroupSpec& spec) {
  v.field("count", spec.count, config::Bounds{1, 1e5}, "nodes");
  v.known("node");
}

// A `node:` with its count.
struct GroupEntry {
  config::Value node;
  int count = 1;
};

// One group of `node` and `count`, or those of `groups`.
std::vector<GroupEntry> read_groups(const config::Value& map, int64_t count, Diagnostics& diagnostics) {
  const config::Value* node = map.find("node");
  const config::Value* groups = map.find("groups");
  if (groups == nullptr) {
    if (node == nullptr) diagnostics.add(map.mistake("the cluster lacks the key 'node'"));
    return node == nullptr ? std::vector<GroupEntry>{}
                           : std::vector<GroupEntry>{{*node, static_cast<int>(count)}};
  }
  for (const char* key : {"node", "count"})
    if (const config::Value* found = map.find(key))
      diagnostics.add(found->mistake(fmt::format("a cluster has either 'groups' or '{}', not both", key)));
  if (!groups->is_list() || groups->items().empty()) {
    diagnostics.add(groups->mistake("'groups' wants a list such as [{node: hgx_h100, count: 4}]"));
    return {};
  }
  std::vector<GroupEntry> entries;
  for (const config::Value& item : groups->items()) {
    GroupSpec spec;
    const size_t before = diagnostics.size();
    config::read_map(item, "an entry of 'groups'", spec, diagnostics);
    const config::Value* of = item.find("node");
    if (of == nullptr && item.is_map())
      diagnostics.add(item.mistake("an entry of 'groups' lacks the key 'node'"));
    if (of != nullptr && diagnostics.size() == before) entries.push_back({*of, static_cast<int>(spec.count)});
  }
  return entries;
}

// The nodes of a group and how the fabric sees them.
void add_group(const GroupEntry& entry, int nodes, Extent& extent, std::vector<NodeGroup>& groups,
               Diagnostics& diagnostics) {
  try {
    NodeTopology topology = load_topology(entry.node);
    const auto nics = static_cast<int>(topology.node().of_kind(DeviceKind::nic).size());
    if (nics == 0 && nodes > 1)
      diagnostics.add(entry.node.mistake(
          fmt::format("the node '{}' has no nic, so nothing joins the {} nodes of the cluster",
                      topology.node().name, nodes)));
    extent.rails = std::max(extent.rails, nics);
    groups.push_back({std::move(topology), entry.count});
  } catch (const ConfigError& error) {
    for (const Diagnostic& d : error.diagnostics()) diagnostics.add(d);
  }
}

}  // namespace

Cluster load_cluster(const config::Value& word_or_map) {
  Diagnostics diagnostics;
  config::Value map;
  if (!config::Library::load(word_or_map, "platform", "platforms/clusters", map, diagnostics))
    diagnostics.throw_if_any();
  ClusterSpec spec;
  config::read_map(map, "the cluster", spec, diagnostics);
  const std::vector<GroupEntry> entries = read_groups(map, spec.count, diagnostics);
  diagnostics.throw_if_any();
  Extent extent{0, 1};
  for (const GroupEntry& entry : entries) extent.nodes += entry.count;
  std::vector<NodeGroup> groups;
  for (const GroupEntry& entry : entries) add_group(entry, extent.nodes, extent, groups, diagnostics);
  if (const std::optional<Misfit> misfit = spec.fabric.misfit(extent)) {
    const config::Value& fabric = *map.find("fabric");
    const config::Value* key = fabric.find(misfit->key);
    diagnostics.add((key != nullptr ? *key : fabric).mistake(misfit->message));
  }
  diagnostics.throw_if_any();
  return Cluster(spec, std::move(groups));
}

}  // namespace agentsim::platform
