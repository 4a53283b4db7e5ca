#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/model/collective.hpp"
#include "tests/model/shipped.hpp"
#include "tests/platform/hand_made.hpp"
#include "tests/validation/measured_collectives.hpp"

// Simulated against measured collectives; prints the tables of docs/collectives.md.
namespace agentsim::validation {
namespace {

using model::CollectiveGroup;
using platform::DeviceKind;
using platform::HandMade;

constexpr double kLane4 = 16e9 / 8 * 128 / 130 / 1e9;  // GB/s
constexpr double kLane3 = 8e9 / 8 * 128 / 130 / 1e9;

HandMade switched(double gigabytes_per_s) {
  HandMade node = platform::hand_made().gpus(8).device("nvs0", DeviceKind::nvswitch);
  for (int g = 0; g < 8; ++g) node.cable("gpu" + std::to_string(g), "nvs0", "nvlink4", gigabytes_per_s);
  return node;
}

// Four GPUs at each of two sockets; `lane` is of a PCIe lane, of which 0.86 is reached, as in the shipped
// nodes.
HandMade two_sockets(int gpus, double lane) {
  HandMade node = platform::hand_made().gpus(gpus);
  for (const char* s : {"0", "1"}) {
    const std::string socket = s;
    node.device("cpu" + socket, DeviceKind::cpu_socket).device("mem" + socket, DeviceKind::host_memory);
    node.device("nic" + socket, DeviceKind::nic).cable("nic" + socket, "cpu" + socket, "pcie", 64.0);
    node.cable("cpu" + socket, "mem" + socket, "memory", 200.0);
  }
  node.cable("cpu0", "cpu1", "upi", 38.0);
  for (int g = 0; g < gpus; ++g)
    node.cable("gpu" + std::to_string(g), g < 4 ? "cpu0" : "cpu1", "pcie", 16 * lane * 0.86);
  return node;
}

HandMade bridged() {
  HandMade node = two_sockets(4, kLane4);
  return node.cable("gpu0", "gpu1", "nvlink3", 300.0).cable("gpu2", "gpu3", "nvlink3", 300.0);
}

platform::Cluster cluster_of(const HandMade& node, int count = 1, double nic_gigabytes_per_s = 50.0) {
  platform::ClusterSpec spec;
  spec.count = count;
  spec.fabric.bytes_per_s = nic_gigabytes_per_s * 1e9;
  return platform::Cluster(spec, node.topology());
}

struct Machine {
  platform::Cluster cluster;
  std::string collective_class;
  std::string network;
};

// 10 GB/s Ethernet: 1.25 GB/s; the source does not name the NICs, its messages reach 1.19 GB/s.
std::map<std::string, Machine> machines() {
  std::map<std::string, Machine> all;
  const auto add = [&](const std::string& device, const platform::Cluster& on, const char* kind,
                       const char* network) {
    all.emplace(device, Machine{on, kind, network});
  };
  add("A100 SXM", cluster_of(switched(300)), "nvswitch_a100", "");
  add("H100 SXM", model::cluster("hgx_h100_x1"), "nvswitch", "");
  add("B200 SXM", cluster_of(switched(900)), "nvswitch_b200", "");
  add("RTX PRO 6000 Server", model::cluster("rtx_pro_6000_pcie_x1"), "pcie", "");
  add("L40S", cluster_of(two_sockets(8, kLane4)), "pcie4", "");
  add("V100 PCIe", cluster_of(two_sockets(2, kLane3)), "pcie3", "");
  add("A100 pairwise NVLink", cluster_of(bridged()), "nvlink_bridge", "");
  add("H100 SXM, 2 nodes", model::cluster("hgx_h100_x2"), "nvswitch", "network");
  for (const int nodes : {2, 4})
    for (const int gpus : {1, 2, 4})
      add(fmt::format("V100 PCIe, {} x {}", nodes, gpus), cluster_of(two_sockets(gpus, kLane3), nodes, 1.25),
          "pcie3", "network_tcp");
  return all;
}

std::vector<int> members(const Machine& machine, int gpus) {
  std::vector<int> chosen;
  const int nodes = machine.cluster.nodes();
  for (int g = 0; g < gpus; ++g)
    chosen.push_back(g / (gpus / nodes) * machine.cluster.gpus_per_node() + g % (gpus / nodes));
  return chosen;
}

double simulate(const Machine& machine, const Measured& row) {
  const auto network = machine.network.empty() ? model::Protocols{} : model::load_protocols(machine.network);
  const CollectiveGroup group(machine.cluster, members(machine, row.gpus),
                              model::load_protocols(machine.collective_class), network);
  if (row.collective == "all_reduce") return group.all_reduce(row.bytes).seconds(group.rate());
  if (row.collective == "all_gather") return group.all_gather(row.bytes).seconds(group.rate());
  if (row.collective == "reduce_scatter") return group.reduce_scatter(row.bytes).seconds(group.rate());
  if (row.collective == "all_to_all") return group.all_to_all(row.bytes).seconds(group.rate());
  return group.p2p(0, 1, row.bytes).seconds(group.rate());
}

double percentile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(std::ceil(q * static_cast<double>(values.size()))) - 1];
}

struct Errors {
  std::vector<double> ratios;
  double at(double q) const {
    std::vector<double> errors;
    for (const double ratio : ratios) errors.push_back(std::abs(ratio - 1.0));
    return 100.0 * percentile(errors, q);
  }
  std::string text() const {
    return fmt::format("{} | {:.1f} | {:.1f} | {:+.1f} |", ratios.size(), at(0.5), at(0.9),
                       100.0 * (percentile(ratios, 0.5) - 1.0));
  }
};

// Errors by (device, collective, GPUs), of the rows of one fabric or over several nodes.
std::map<std::string, Errors> compare(bool several_nodes) {
  std::map<std::string, Errors> tables;
  const std::map<std::string, Machine> all = machines();
  for (const Measured& row : measured_collectives()) {
    const auto machine = all.find(row.device);
    if (machine == all.end() || machine->second.network.empty() == several_nodes) continue;
    const double ratio = simulate(machine->second, row) / row.seconds;
    CHECK(std::isfinite(ratio));
    const bool reduce = row.collective == "all_reduce";
    const std::string key = fmt::format("{} | {} | {}", row.device, row.collective, row.gpus);
    tables[key].ratios.push_back(ratio);
    if (reduce) tables["all_reduce"].ratios.push_back(ratio);
  }
  return tables;
}

void print(const std::map<std::string, Errors>& tables) {
  fmt::print(
      "| device | collective | GPUs | rows | median % | p90 % | bias % |\n|---|---|--:|--:|--:|--:|--:|\n");
  for (const auto& [key, errors] : tables)
    if (key != "all_reduce") fmt::print("| {} | {}\n", key, errors.text());
}

TEST_CASE("collectives of one node take the measured times") {
  const std::map<std::string, Errors> tables = compare(false);
  print(tables);
  const Errors& reduce = tables.at("all_reduce");
  fmt::print("\nall_reduce in all: {} rows, median error {:.1f} %, p90 {:.1f} %\n", reduce.ratios.size(),
             reduce.at(0.5), reduce.at(0.9));
  CHECK(reduce.ratios.size() >= 100);
  CHECK(reduce.at(0.5) <= 10.0);
  CHECK(reduce.at(0.9) <= 25.0);
  // What replicas of the shipped nodes do in each layer.
  for (const char* n : {"2", "4", "8"}) {
    CHECK(tables.at(fmt::format("H100 SXM | all_reduce | {}", n)).at(0.5) <= 10.0);
    CHECK(tables.at(fmt::format("RTX PRO 6000 Server | all_reduce | {}", n)).at(0.5) <= 15.0);
  }
}

TEST_CASE("messages and collectives between nodes") {
  const std::map<std::string, Errors> tables = compare(true);
  print(tables);
  CHECK(tables.at("H100 SXM, 2 nodes | p2p | 2").at(0.5) <= 10.0);
  // The hierarchy is not fitted on these: reported, and held within a factor of two at the median.
  CHECK(tables.at("all_reduce").at(0.5) <= 50.0);
}

}  // namespace
}  // namespace agentsim::validation
