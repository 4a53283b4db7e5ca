#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"
#include "sim/platform/accelerator.hpp"
#include "sim/platform/path_book.hpp"

namespace agentsim::platform {

enum class DeviceKind : uint8_t {
  gpu,
  pcie_switch,
  root_port,
  cpu_socket,
  host_memory,
  nic,
  nvswitch,
  storage
};
const char* name(DeviceKind kind);

struct Device {
  std::string id;
  DeviceKind kind = DeviceKind::gpu;
};

// A duplex cable between two devices of a node; bandwidth and latency are of one direction.
struct Cable {
  int a = 0;  // indices into Node::devices
  int b = 0;
  std::string kind;
  double bytes_per_s = 0.0;  // what transfers reach: nominal x efficiency
  double latency_s = 0.0;
};

bool is_nvlink(const std::string& cable_kind);

// One machine as a graph of devices (platforms/nodes/*.yaml).
struct Node {
  std::string name;
  std::string title;
  Accelerator gpu;
  std::string collective_class;  // class of platforms/collectives.yaml
  bool p2p = true;               // GPUs may write to each other over PCIe
  bool acs = false;              // PCIe access control sends all traffic of a switch through the root port
  bool posted_write_collapse =
      false;  // what a switch sends to several root ports shares one limit of `paths`
  // Of a core that runs an engine; 1: those of the hosts on which the overheads of platforms/engines were measured.
  double host_speed = 1.0;
  PathBook paths;  // measured constants of its paths
  std::vector<Device> devices;
  std::vector<Cable> cables;

  std::vector<int> of_kind(DeviceKind kind) const;
  int gpu_count() const { return static_cast<int>(of_kind(DeviceKind::gpu).size()); }
};

// Loads platforms/nodes/<name>.yaml or a path. Throws ConfigError: unknown device or link kind, a link to a device
// that is not there, a device without a link, two links between the same devices, no GPU, an unknown set of paths.
Node load_node(const config::Value& word_or_map);

}  // namespace agentsim::platform
