#include "sim/platform/topology.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/base/test_folder.hpp"
#include "tests/platform/hand_made.hpp"

namespace agentsim::platform {
namespace {

const Route& route(const NodeTopology& topology, const std::string& from, const std::string& to) {
  return topology.route(device_named(topology.node(), from), device_named(topology.node(), to));
}

TEST_CASE("two GPUs of one switch reach each other through it") {
  const NodeTopology topology = one_switch().topology();
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>sw0 sw0>gpu1");
  CHECK(path_class(topology, "gpu0", "gpu1") == "PIX");
  CHECK(route(topology, "gpu0", "gpu1").latency_s == doctest::Approx(0.5e-6));
  CHECK(route(topology, "gpu0", "gpu1").bytes_per_s == 50e9);
}

TEST_CASE("a route has the sum of the latencies and the rate of its narrowest link") {
  const NodeTopology topology = one_switch().topology();
  CHECK(way(topology, "gpu0", "mem0") == "gpu0>sw0 sw0>rp0 rp0>cpu0 cpu0>mem0");
  CHECK(path_class(topology, "gpu0", "mem0") == "PHB");
  CHECK(route(topology, "gpu0", "mem0").latency_s == doctest::Approx(0.55e-6));
  CHECK(route(topology, "gpu0", "mem0").bytes_per_s == 40e9);
  CHECK(way(topology, "mem0", "gpu0") == "mem0>cpu0 cpu0>rp0 rp0>sw0 sw0>gpu0");
}

TEST_CASE("the way from a device to itself is empty and without limit") {
  const NodeTopology topology = one_switch().topology();
  CHECK(path_class(topology, "gpu0", "gpu0") == "X");
  CHECK(route(topology, "gpu0", "gpu0").links.empty());
  CHECK(route(topology, "gpu0", "gpu0").latency_s == 0.0);
  CHECK(std::isinf(route(topology, "gpu0", "gpu0").bytes_per_s));
}

TEST_CASE("NVLink is taken before PCIe even where it is longer") {
  // Given an NVLink path of two hops over a switch and one of two hops over PCIe with less latency.
  const NodeTopology topology = one_switch()
                                    .device("nvs0", DeviceKind::nvswitch)
                                    .cable("gpu0", "nvs0", "nvlink4", 450.0, 9.0)
                                    .cable("gpu1", "nvs0", "nvlink4", 450.0, 9.0)
                                    .topology();
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>nvs0 nvs0>gpu1");
  CHECK(path_class(topology, "gpu0", "gpu1") == "NV");
  CHECK(route(topology, "gpu0", "gpu1").bytes_per_s == 450e9);
  // Everything else still goes over PCIe.
  CHECK(way(topology, "gpu0", "nic0") == "gpu0>sw0 sw0>nic0");
}

TEST_CASE("GPUs without an NVLink bridge of their own do not pass through other GPUs") {
  // Given bridges 0-1 and 1-2, then 0 and 2 use the PCIe switch.
  const NodeTopology topology = hand_made()
                                    .gpus(3)
                                    .device("sw0", DeviceKind::pcie_switch)
                                    .cable("gpu0", "gpu1", "nvlink3", 100.0)
                                    .cable("gpu1", "gpu2", "nvlink3", 100.0)
                                    .cable("gpu0", "sw0")
                                    .cable("gpu1", "sw0")
                                    .cable("gpu2", "sw0")
                                    .topology();
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>gpu1");
  CHECK(way(topology, "gpu2", "gpu1") == "gpu2>gpu1");
  CHECK(way(topology, "gpu0", "gpu2") == "gpu0>sw0 sw0>gpu2");
  CHECK(path_class(topology, "gpu0", "gpu2") == "PIX");
}

TEST_CASE("neither a NIC nor a memory passes on what is for others") {
  // Given a short cut through a NIC and a memory, then the way over three switches is taken.
  const NodeTopology topology = hand_made()
                                    .gpus(2)
                                    .device("nic0", DeviceKind::nic)
                                    .device("mem0", DeviceKind::host_memory)
                                    .device("a", DeviceKind::pcie_switch)
                                    .device("b", DeviceKind::pcie_switch)
                                    .device("c", DeviceKind::pcie_switch)
                                    .cable("gpu0", "nic0")
                                    .cable("nic0", "gpu1")
                                    .cable("gpu0", "mem0")
                                    .cable("mem0", "gpu1")
                                    .cable("gpu0", "a")
                                    .cable("a", "b")
                                    .cable("b", "c")
                                    .cable("c", "gpu1")
                                    .topology();
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>a a>b b>c c>gpu1");
}

TEST_CASE("fewer hops come before latency and latency before the order of the file") {
  const NodeTopology topology = hand_made()
                                    .gpus(2)
                                    .device("slow", DeviceKind::pcie_switch)
                                    .device("fast", DeviceKind::pcie_switch)
                                    .device("next", DeviceKind::pcie_switch)
                                    .cable("gpu0", "slow", "pcie", 50.0, 3.0)
                                    .cable("slow", "gpu1", "pcie", 50.0, 3.0)
                                    .cable("gpu0", "fast", "pcie", 50.0, 2.0)
                                    .cable("fast", "gpu1", "pcie", 50.0, 2.0)
                                    .cable("gpu0", "next", "pcie", 50.0, 0.1)
                                    .cable("next", "fast", "pcie", 50.0, 0.1)
                                    .topology();
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>fast fast>gpu1");
}

TEST_CASE("without peer-to-peer the traffic of GPUs is staged in host memory") {
  const NodeTopology topology = one_switch().p2p(false).topology();
  CHECK(way(topology, "gpu0", "gpu1") ==
        "gpu0>sw0 sw0>rp0 rp0>cpu0 cpu0>mem0 mem0>cpu0 cpu0>rp0 rp0>sw0 sw0>gpu1");
  CHECK(path_class(topology, "gpu0", "gpu1") == "HOST");
  CHECK(route(topology, "gpu0", "gpu1").latency_s == doctest::Approx(1.1e-6));
  CHECK(route(topology, "gpu0", "gpu1").bytes_per_s == 40e9);
  CHECK(path_class(topology, "gpu0", "mem0") == "PHB");
}

TEST_CASE("an NVLink bridge works without peer-to-peer over PCIe") {
  const NodeTopology topology = one_switch().cable("gpu0", "gpu1", "nvlink3", 56.0).p2p(false).topology();
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>gpu1");
  CHECK(path_class(topology, "gpu0", "gpu1") == "NV");
}

TEST_CASE("access control sends GPUs of one switch up to the root port and back") {
  const NodeTopology topology = one_switch().acs(true).topology();
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>sw0 sw0>rp0 rp0>sw0 sw0>gpu1");
  CHECK(path_class(topology, "gpu0", "gpu1") == "PHB");
  CHECK(route(topology, "gpu0", "gpu1").latency_s == doctest::Approx(0.8e-6));
  CHECK(route(topology, "gpu0", "gpu1").bytes_per_s == 40e9);
}

TEST_CASE("access control and staging apply to a GPU and its NIC as well") {
  const NodeTopology turned = one_switch().acs(true).topology();
  CHECK(way(turned, "gpu0", "nic0") == "gpu0>sw0 sw0>rp0 rp0>sw0 sw0>nic0");
  CHECK(way(turned, "nic0", "gpu1") == "nic0>sw0 sw0>rp0 rp0>sw0 sw0>gpu1");
  CHECK(way(turned, "gpu0", "mem0") == "gpu0>sw0 sw0>rp0 rp0>cpu0 cpu0>mem0");
  const NodeTopology staged = one_switch().p2p(false).topology();
  CHECK(way(staged, "gpu0", "nic0") ==
        "gpu0>sw0 sw0>rp0 rp0>cpu0 cpu0>mem0 mem0>cpu0 cpu0>rp0 rp0>sw0 sw0>nic0");
  CHECK(path_class(staged, "nic0", "gpu0") == "HOST");
}

TEST_CASE("a class of paths holds what a device sends to its peers") {
  // The cable gives 50 GB/s; 20 were measured. Two messages of one GPU share them, those of two do not.
  PathBook book;
  book.same_switch.bytes_per_s = 20e9;
  const NodeTopology topology = one_switch().paths(book).topology();
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>pix gpu0>sw0 sw0>gpu1");
  CHECK(way(topology, "gpu0", "nic0") == "gpu0>pix gpu0>sw0 sw0>nic0");
  CHECK(way(topology, "gpu1", "gpu0") == "gpu1>pix gpu1>sw0 sw0>gpu0");
  CHECK(route(topology, "gpu0", "gpu1").bytes_per_s == 20e9);
  CHECK(route(topology, "gpu0", "mem0").bytes_per_s == 40e9);
  // 12 links of 6 cables, then a limit each of two GPUs and the NIC.
  CHECK(topology.cable_links() == 12);
  CHECK(topology.link_count() == 15);
  CHECK(topology.link_bytes_per_s(12) == 20e9);
  CHECK(topology.link_latency_s(12) == 0.0);
  book.same_switch.bytes_per_s = 50e9;
  CHECK(one_switch().paths(book).topology().link_count() == 12);
}

TEST_CASE("a staged message takes the latency that was measured, if its wires are faster") {
  PathBook book;
  book.host_staged.latency_s = 14e-6;
  CHECK(route(one_switch().p2p(false).paths(book).topology(), "gpu0", "gpu1").latency_s == 14e-6);
  book.host_staged.latency_s = 0.5e-6;
  CHECK(route(one_switch().p2p(false).paths(book).topology(), "gpu0", "gpu1").latency_s ==
        doctest::Approx(1.1e-6));
}

TEST_CASE("between sockets the path crosses the link between them") {
  const NodeTopology topology = one_switch()
                                    .device("gpu2", DeviceKind::gpu)
                                    .device("rp1", DeviceKind::root_port)
                                    .device("cpu1", DeviceKind::cpu_socket)
                                    .cable("gpu2", "rp1")
                                    .cable("rp1", "cpu1", "internal", 128.0)
                                    .cable("cpu0", "cpu1", "xgmi", 38.0)
                                    .topology();
  CHECK(way(topology, "gpu0", "gpu2") == "gpu0>sw0 sw0>rp0 rp0>cpu0 cpu0>cpu1 cpu1>rp1 rp1>gpu2");
  CHECK(path_class(topology, "gpu0", "gpu2") == "SYS");
  CHECK(route(topology, "gpu0", "gpu2").bytes_per_s == 38e9);
  CHECK(path_class(topology, "gpu2", "mem0") == "SYS");
}

TEST_CASE("GPUs on two root ports of one socket meet at the socket") {
  const NodeTopology topology = hand_made()
                                    .gpus(2)
                                    .device("rp0", DeviceKind::root_port)
                                    .device("rp1", DeviceKind::root_port)
                                    .device("cpu0", DeviceKind::cpu_socket)
                                    .cable("gpu0", "rp0")
                                    .cable("gpu1", "rp1")
                                    .cable("rp0", "cpu0", "internal")
                                    .cable("rp1", "cpu0", "internal")
                                    .topology();
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>rp0 rp0>cpu0 cpu0>rp1 rp1>gpu1");
  CHECK(path_class(topology, "gpu0", "gpu1") == "PHB");
}

TEST_CASE("two GPUs without a path are refused") {
  const HandMade apart = hand_made()
                             .gpus(2)
                             .device("a", DeviceKind::pcie_switch)
                             .device("b", DeviceKind::pcie_switch)
                             .cable("gpu0", "a")
                             .cable("gpu1", "b");
  CHECK(message_of<ConfigError>([&] { apart.topology(); }) ==
        "the node 'hand_made' has no path from gpu0 to gpu1");
}

TEST_CASE("a GPU without a path to the host memory is refused") {
  const HandMade apart = hand_made()
                             .gpus(1)
                             .device("mem0", DeviceKind::host_memory)
                             .device("sw0", DeviceKind::pcie_switch)
                             .device("cpu0", DeviceKind::cpu_socket)
                             .cable("gpu0", "sw0")
                             .cable("cpu0", "mem0");
  CHECK(message_of<ConfigError>([&] { apart.topology(); }) ==
        "the node 'hand_made' has no path from gpu0 to mem0");
}

TEST_CASE("without peer-to-peer and without host memory GPUs have no path") {
  const HandMade node = hand_made()
                            .gpus(2)
                            .device("sw0", DeviceKind::pcie_switch)
                            .cable("gpu0", "sw0")
                            .cable("gpu1", "sw0")
                            .p2p(false);
  CHECK(message_of<ConfigError>([&] { node.topology(); }) ==
        "the node 'hand_made' has no path from gpu0 to gpu1");
}

TEST_CASE("the nearest device of a kind is the one with the fewest hops") {
  const NodeTopology topology = one_switch().device("nic1", DeviceKind::nic).cable("nic1", "cpu0").topology();
  const auto nearest = [&](const std::string& from, DeviceKind kind) {
    const int found = topology.nearest(device_named(topology.node(), from), kind);
    return found < 0 ? std::string("none") : topology.node().devices[static_cast<size_t>(found)].id;
  };
  CHECK(nearest("gpu1", DeviceKind::nic) == "nic0");
  CHECK(nearest("mem0", DeviceKind::nic) == "nic1");
  CHECK(nearest("gpu1", DeviceKind::host_memory) == "mem0");
  CHECK(nearest("gpu1", DeviceKind::storage) == "none");
}

TEST_CASE("the two directions of a cable are links of their own") {
  const NodeTopology topology = one_switch().topology();
  CHECK(topology.link_count() == 12);
  CHECK(topology.link_name(0) == "gpu0>sw0");
  CHECK(topology.link_name(1) == "sw0>gpu0");
  CHECK(topology.link_name(7) == "rp0>sw0");
  CHECK(topology.link_bytes_per_s(6) == 40e9);
  CHECK(topology.link_bytes_per_s(7) == 40e9);
}

TEST_CASE("joined routes add their links and latencies and keep the worse class and rate") {
  const Route first{PathClass::pix, {1, 2}, 1e-6, 30e9};
  const Route second{PathClass::sys, {2, 5}, 2e-6, 50e9};
  for (const Route& both : {joined(first, second), joined(second, first)}) {
    CHECK(both.path_class == PathClass::sys);
    CHECK(both.latency_s == doctest::Approx(3e-6));
    CHECK(both.bytes_per_s == 30e9);
    CHECK(both.links.size() == 4);
  }
  CHECK(joined(first, second).links == std::vector<DirectedLink>{1, 2, 2, 5});
}

}  // namespace
}  // namespace agentsim::platform
