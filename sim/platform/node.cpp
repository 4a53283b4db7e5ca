#include "sim/platform/node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "sim/config/library.hpp"

namespace agentsim::platform {
namespace {

constexpr std::array<const char*, 8> kKindNames{"gpu",         "pcie_switch", "root_port", "cpu_socket",
                                                "host_memory", "nic",         "nvswitch",  "storage"};

const std::vector<std::string>& device_kinds() {
  static const std::vector<std::string> kinds(kKindNames.begin(), kKindNames.end());
  return kinds;
}

const std::vector<std::string>& link_kinds() {
  static const std::vector<std::string> kinds{
      "pcie", "nvlink3", "nvlink4", "nvlink5",  "infinity_fabric", "ici",
      "xgmi", "upi",     "memory",  "ethernet", "infiniband",      "internal"};
  return kinds;
}

// Bytes/s of one lane and direction after line coding (PCI-SIG base specifications 3.0 to 6.0).
double pcie_lane_bytes_per_s(int64_t generation) {
  switch (generation) {
    case 3:
      return 8e9 * (128.0 / 130.0) / 8.0;
    case 4:
      return 16e9 * (128.0 / 130.0) / 8.0;
    case 5:
      return 32e9 * (128.0 / 130.0) / 8.0;
    default:
      return 64e9 * (242.0 / 256.0) / 8.0;
  }
}

struct DeviceSpec {
  std::string kind;
  int64_t socket = 0;  // for people
};

template <class Visitor>
void describe(Visitor& v, DeviceSpec& spec) {
  v.choice("kind", spec.kind, device_kinds(), "what it is", config::Need::required);
  v.field("socket", spec.socket, config::Bounds{0, 63}, "the CPU socket it belongs to");
}

struct Ends {
  std::vector<std::string> devices;
};

struct CableSpec {
  Ends between;
  std::string kind;
  int64_t generation = 0;
  int64_t lanes = 16;
  double bytes_per_s = 0.0;
  double latency_s = 0.0;
  double efficiency = 1.0;
};

void parse(const config::Value& value, Ends& ends, Diagnostics& diagnostics) {
  if (value.is_list())
    for (const config::Value& item : value.items()) ends.devices.push_back(item.scalar());
  if (ends.devices.size() != 2) diagnostics.add(value.mistake("'between' wants a list of two devices"));
}

template <class Visitor>
void describe(Visitor& v, CableSpec& spec) {
  v.value("between", spec.between, "its two ends", config::Need::required);
  v.choice("kind", spec.kind, link_kinds(), "what it is", config::Need::required);
  v.field("gen", spec.generation, config::Bounds{3, 6}, "PCIe generation");
  v.field("lanes", spec.lanes, config::Bounds{1, 32}, "PCIe lanes");
  v.field("bandwidth", spec.bytes_per_s, Dimension::bandwidth, config::kPositive, "nominal, one direction");
  v.field("latency", spec.latency_s, Dimension::time, config::kNotNegative, "one direction");
  v.field("efficiency", spec.efficiency, Dimension::number, config::Bounds{0.01, 1.0},
          "reached / nominal bandwidth");
}

struct NodeSpec {
  Node node;
  std::map<std::string, DeviceSpec> devices;
};

template <class Visitor>
void describe(Visitor& v, NodeSpec& spec) {
  using config::Need;
  v.field("name", spec.node.name, "the word scenarios use", Need::required);
  v.field("title", spec.node.title, "the name people use");
  v.field("collective_class", spec.node.collective_class, "class of platforms/collectives.yaml",
          Need::required);
  v.field("p2p", spec.node.p2p, "GPUs write to each other over PCIe");
  v.field("acs", spec.node.acs, "access control sends switch traffic through the root port");
  v.field("posted_write_collapse", spec.node.posted_write_collapse,
          "writes of one switch to several root ports share one limit");
  v.field("host_speed", spec.node.host_speed, Dimension::number, config::Bounds{0.05, 20.0},
          "of a core that runs an engine; 1: where the overheads of platforms/engines were measured");
  v.known("paths");
  v.named_sections("devices", spec.devices, "the devices by name", Need::required);
  v.known("gpu");
  v.known("links");
  v.known("provenance");
}

void read_cables(const config::Value& map, Node& node, Diagnostics& diagnostics) {
  const config::Value* links = map.find("links");
  if (links == nullptr || !links->is_list()) {
    diagnostics.add(map.mistake("the node lacks a list 'links'"));
    return;
  }
  std::vector<std::string> ids;
  for (const Device& device : node.devices) ids.push_back(device.id);
  for (const config::Value& entry : links->items()) {
    CableSpec spec;
    const size_t before = diagnostics.size();
    config::read_map(entry, "a link", spec, diagnostics);
    if (diagnostics.size() != before) continue;
    const config::Value& between = *entry.find("between");
    Cable cable;
    for (size_t end = 0; end < 2; ++end) {
      const auto found = std::find(ids.begin(), ids.end(), spec.between.devices[end]);
      if (found == ids.end())
        config::add_unknown_word(between.items()[end], "device", ids, diagnostics);
      else
        (end == 0 ? cable.a : cable.b) = static_cast<int>(found - ids.begin());
    }
    if (diagnostics.size() != before) continue;
    if (cable.a == cable.b) diagnostics.add(between.mistake("a link cannot join a device with itself"));
    // An NVLink bridge may stand beside a PCIe link.
    const bool is_second = std::any_of(node.cables.begin(), node.cables.end(), [&](const Cable& other) {
      return std::minmax(other.a, other.b) == std::minmax(cable.a, cable.b) &&
             is_nvlink(other.kind) == is_nvlink(spec.kind);
    });
    if (is_second)
      diagnostics.add(
          between.mistake(fmt::format("{} and {} are joined twice; give one link the sum of the bandwidths",
                                      spec.between.devices[0], spec.between.devices[1])));
    double nominal = spec.bytes_per_s;
    if (nominal == 0.0 && spec.generation > 0)
      nominal = pcie_lane_bytes_per_s(spec.generation) * static_cast<double>(spec.lanes);
    if (nominal == 0.0)
      diagnostics.add(entry.mistake("a link wants either 'bandwidth' or 'gen' and 'lanes'"));
    cable.kind = spec.kind;
    cable.bytes_per_s = nominal * spec.efficiency;
    cable.latency_s = spec.latency_s;
    node.cables.push_back(cable);
  }
}

// A device that a wrong link names is not blamed as well.
void check_links(const config::Value& map, const Node& node, Diagnostics& diagnostics) {
  std::set<std::string> linked;
  const config::Value* links = map.find("links");
  if (links == nullptr || !links->is_list()) return;
  for (const config::Value& entry : links->items()) {
    const config::Value* between = entry.find("between");
    if (between == nullptr || !between->is_list()) continue;
    for (const config::Value& end : between->items()) linked.insert(end.scalar());
  }
  for (size_t i = 0; i < node.devices.size(); ++i)
    if (linked.count(node.devices[i].id) == 0)
      diagnostics.add(map.find("devices")->entries()[i].first.mistake(
          fmt::format("the device '{}' has no link", node.devices[i].id)));
}

void read_paths(const config::Value& map, Node& node, Diagnostics& diagnostics) {
  const size_t before = diagnostics.size();
  if (const config::Value* word = map.find("paths")) node.paths = load_path_book(*word, diagnostics);
  if (diagnostics.size() != before) return;
  if (!node.posted_write_collapse || node.paths.posted_writes.bytes_per_s > 0.0) return;
  diagnostics.add(
      map.find("posted_write_collapse")
          ->mistake("'posted_write_collapse' wants 'paths' to name a set that has 'posted_writes'"));
}

}  // namespace

bool is_nvlink(const std::string& cable_kind) {
  return cable_kind.compare(0, 6, "nvlink") == 0 || cable_kind == "infinity_fabric" || cable_kind == "ici";
}

const char* name(DeviceKind kind) {
  return kKindNames.at(static_cast<size_t>(kind));
}

std::vector<int> Node::of_kind(DeviceKind kind) const {
  std::vector<int> found;
  for (size_t i = 0; i < devices.size(); ++i)
    if (devices[i].kind == kind) found.push_back(static_cast<int>(i));
  return found;
}

Node load_node(const config::Value& word_or_map) {
  Diagnostics diagnostics;
  config::Value map;
  if (!config::Library::load(word_or_map, "node", "platforms/nodes", map, diagnostics))
    diagnostics.throw_if_any();
  NodeSpec spec;
  config::read_map(map, "the node", spec, diagnostics);
  Node node = spec.node;
  if (const config::Value* devices = map.find("devices")) {
    // In the order of the file, so that gpu0 .. gpu7 are 0 .. 7.
    for (const auto& [id, entry] : devices->entries()) {
      const auto& kinds = device_kinds();
      const auto kind = std::find(kinds.begin(), kinds.end(), spec.devices[id.scalar()].kind);
      node.devices.push_back({id.scalar(), static_cast<DeviceKind>(kind - kinds.begin())});
    }
  }
  read_cables(map, node, diagnostics);
  read_paths(map, node, diagnostics);
  const config::Value* gpu = map.find("gpu");
  if (gpu == nullptr) diagnostics.add(map.mistake("the node lacks the key 'gpu'"));
  if (node.gpu_count() == 0) diagnostics.add(map.mistake("the node has no device of kind gpu"));
  check_links(map, node, diagnostics);
  diagnostics.throw_if_any();
  node.gpu = load_accelerator(*gpu);
  return node;
}

}  // namespace agentsim::platform
