#include "sim/platform/node.hpp"

#include <doctest/doctest.h>

#include <map>

#include "tests/base/test_folder.hpp"
#include "tests/platform/hand_made.hpp"

namespace agentsim::platform {
namespace {

const std::string kHead = "name: n\ngpu: h100_sxm\ncollective_class: pcie\n";
const std::string kDevices = "devices: {gpu0: {kind: gpu}, gpu1: {kind: gpu}, sw0: {kind: pcie_switch}}\n";

Node load(const std::string& yaml) {
  return load_node(config::Value::parse(yaml, "n.yaml"));
}

std::string error(const std::string& links, const std::string& devices = kDevices,
                  const std::string& head = kHead) {
  return message_of<ConfigError>([&] { load(head + devices + "links: " + links + "\n"); });
}

// The matrix of path classes between some devices of a shipped node, one row a line.
std::string matrix(const NodeTopology& topology, const std::vector<std::string>& rows,
                   const std::vector<std::string>& columns) {
  std::string text;
  for (const std::string& from : rows) {
    for (const std::string& to : columns)
      text += (to == columns.front() ? "" : " ") + path_class(topology, from, to);
    text += "\n";
  }
  return text;
}

const std::vector<std::string> kEight{"gpu0", "gpu1", "gpu2", "gpu3", "gpu4", "gpu5", "gpu6", "gpu7"};

Node shipped(const std::string& name) {
  return load_node(config::Value::parse(name, "t.yaml"));
}

TEST_CASE("a node is read with its devices in the order of the file") {
  const Node node =
      load(kHead +
           "p2p: off\nacs: on\n"
           "devices: {gpu9: {kind: gpu}, a: {kind: pcie_switch}, gpu1: {kind: gpu}}\n"
           "links:\n"
           "  - {between: [gpu9, a], kind: pcie, gen: 5, lanes: 16, latency: 200ns, efficiency: 0.5}\n"
           "  - {between: [gpu1, a], kind: pcie, gen: 3, lanes: 8}\n"
           "  - {between: [gpu1, gpu9], kind: nvlink4, bandwidth: 450 GB/s}\n");
  REQUIRE(node.devices.size() == 3);
  CHECK(node.devices[0].id == "gpu9");
  CHECK(node.devices[1].kind == DeviceKind::pcie_switch);
  CHECK(node.gpu_count() == 2);
  CHECK_FALSE(node.p2p);
  CHECK(node.acs);
  CHECK(node.gpu.name == "h100_sxm");
  // 32 GT/s on 16 lanes with 128b/130b coding, half of it; 8 GT/s on 8 lanes.
  CHECK(node.cables[0].bytes_per_s == doctest::Approx(32e9 * 16 / 8 * 128 / 130 / 2));
  CHECK(node.cables[0].latency_s == doctest::Approx(2e-7));
  CHECK(node.cables[1].bytes_per_s == doctest::Approx(8e9 * 8 / 8 * 128 / 130));
  CHECK(node.cables[1].latency_s == 0.0);
  CHECK(node.cables[2].a == 2);
  CHECK(node.cables[2].b == 0);
  CHECK(node.cables[2].bytes_per_s == 450e9);
}

TEST_CASE("PCIe lanes have the rates of their generation") {
  // GB/s of an x16 port after line coding, as the specifications round them.
  const std::map<int, double> x16{{3, 15.754}, {4, 31.508}, {5, 63.015}, {6, 121.0}};
  for (const auto& [generation, gigabytes_per_s] : x16) {
    const std::string pcie = "kind: pcie, gen: " + std::to_string(generation);
    const Node node = load(kHead + kDevices + "links: [{between: [gpu0, sw0], " + pcie +
                           "}, {between: [gpu1, sw0], " + pcie + "}]\n");
    CHECK(node.cables[0].bytes_per_s == doctest::Approx(gigabytes_per_s * 1e9).epsilon(1e-4));
  }
}

TEST_CASE("a link to an unknown device is told with the devices") {
  CHECK(error("[{between: [gpu0, sw1], kind: pcie, gen: 5}, {between: [gpu1, sw0], kind: pcie, gen: 5}]") ==
        "n.yaml:5:26: unknown device 'sw1'\n"
        "    5 | links: [{between: [gpu0, sw1], kind: pcie, gen: 5}, {between: [gpu1, sw0], kind: pcie, gen: "
        "5}]\n"
        "      |                          ^~~ did you mean 'sw0'?\n"
        "  valid: gpu0, gpu1, sw0");
}

TEST_CASE("a link of a device with itself is refused") {
  const std::string text =
      error("[{between: [gpu0, gpu0], kind: pcie, gen: 5}, {between: [gpu1, sw0], kind: pcie, gen: 5}]");
  CHECK(text ==
        "n.yaml:5:19: a link cannot join a device with itself\n"
        "    5 | links: [{between: [gpu0, gpu0], kind: pcie, gen: 5}, {between: [gpu1, sw0], kind: pcie, "
        "gen: 5}]\n"
        "      |                   ^");
}

TEST_CASE("two devices are joined once, but NVLink may stand beside PCIe") {
  const std::string pcie =
      "{between: [gpu0, sw0], kind: pcie, gen: 5}, {between: [gpu1, sw0], kind: pcie, gen: 5}, ";
  CHECK(error("[" + pcie + "{between: [sw0, gpu0], kind: upi, bandwidth: 1 GB/s}]")
            .find("n.yaml:5:107: sw0 and gpu0 are joined twice; give one link the sum of the bandwidths\n") ==
        0);
  const std::string bridge =
      "{between: [gpu0, gpu1], kind: nvlink4, bandwidth: 1 GB/s}, {between: [gpu1, gpu0], kind: pcie, gen: "
      "5}";
  CHECK(load(kHead + kDevices + "links: [" + pcie + bridge + "]\n").cables.size() == 4);
}

TEST_CASE("a link wants a bandwidth above zero") {
  CHECK(error("[{between: [gpu0, sw0], kind: upi, bandwidth: 0 GB/s}, {between: [gpu1, sw0], kind: pcie, "
              "gen: 5}]")
            .find("n.yaml:5:54: 'bandwidth' must be") != std::string::npos);
}

TEST_CASE("a link without a bandwidth or a generation is refused") {
  CHECK(error("[{between: [gpu0, sw0], kind: upi}, {between: [gpu1, sw0], kind: pcie, gen: 5}]") ==
        "n.yaml:5:9: a link wants either 'bandwidth' or 'gen' and 'lanes'\n"
        "    5 | links: [{between: [gpu0, sw0], kind: upi}, {between: [gpu1, sw0], kind: pcie, gen: 5}]\n"
        "      |         ^");
}

TEST_CASE("a link wants two ends and a known kind") {
  const std::string text =
      error("[{between: [gpu0], kind: pcie, gen: 5}, {between: [gpu1, sw0], kind: pice, gen: 5}]");
  CHECK(text.find("n.yaml:5:19: 'between' wants a list of two devices\n") != std::string::npos);
  CHECK(text.find("n.yaml:5:77: unknown kind 'pice'\n") != std::string::npos);
  CHECK(text.find("did you mean 'pcie'?") != std::string::npos);
}

TEST_CASE("a device without a link is refused") {
  CHECK(error("[{between: [gpu0, gpu1], kind: pcie, gen: 5}]") ==
        "n.yaml:4:49: the device 'sw0' has no link\n"
        "    4 | devices: {gpu0: {kind: gpu}, gpu1: {kind: gpu}, sw0: {kind: pcie_switch}}\n"
        "      |                                                 ^~~");
}

TEST_CASE("a node lacks neither links nor a GPU") {
  CHECK(message_of<ConfigError>([] { load(kHead + "devices: {sw0: {kind: pcie_switch}}\n"); }) ==
        "n.yaml:1:1: the node lacks a list 'links'\n"
        "    1 | name: n\n"
        "      | ^\n"
        "n.yaml:1:1: the node has no device of kind gpu\n"
        "    1 | name: n\n"
        "      | ^");
  CHECK(error("[{between: [gpu0, sw0], kind: pcie, gen: 5}, {between: [gpu1, sw0], kind: pcie, gen: 5}]",
              kDevices, "name: n\ncollective_class: pcie\n") ==
        "n.yaml:1:1: the node lacks the key 'gpu'\n"
        "    1 | name: n\n"
        "      | ^");
}

TEST_CASE("an unknown kind of device is told with the kinds") {
  CHECK(error("[{between: [gpu0, sw0], kind: pcie, gen: 5}]",
              "devices: {gpu0: {kind: gpu}, sw0: {kind: switch}}\n") ==
        "n.yaml:4:42: unknown kind 'switch'\n"
        "    4 | devices: {gpu0: {kind: gpu}, sw0: {kind: switch}}\n"
        "      |                                          ^~~~~~ did you mean 'nvswitch'?\n"
        "  valid: cpu_socket, gpu, host_memory, nic, nvswitch, pcie_switch, root_port, storage");
}

TEST_CASE("every GPU of the HGX H100 node reaches every other over NVSwitch") {
  const NodeTopology topology{shipped("hgx_h100")};
  for (const std::string& from : kEight)
    for (const std::string& to : kEight) {
      CHECK(path_class(topology, from, to) == (from == to ? "X" : "NV"));
      if (from == to) continue;
      const Route& route =
          topology.route(device_named(topology.node(), from), device_named(topology.node(), to));
      CHECK(route.bytes_per_s == 450e9);
      CHECK(route.latency_s == doctest::Approx(1e-6));
    }
}

TEST_CASE("the NICs and memories of the HGX H100 node lie by switch and socket") {
  const NodeTopology topology{shipped("hgx_h100")};
  // Two GPUs and two NICs a switch, two switches a socket.
  CHECK(matrix(topology, kEight,
               {"nic0", "nic1", "nic2", "nic3", "nic4", "nic5", "nic6", "nic7", "mem0", "mem1"}) ==
        "PIX PIX PHB PHB SYS SYS SYS SYS PHB SYS\n"
        "PIX PIX PHB PHB SYS SYS SYS SYS PHB SYS\n"
        "PHB PHB PIX PIX SYS SYS SYS SYS PHB SYS\n"
        "PHB PHB PIX PIX SYS SYS SYS SYS PHB SYS\n"
        "SYS SYS SYS SYS PIX PIX PHB PHB SYS PHB\n"
        "SYS SYS SYS SYS PIX PIX PHB PHB SYS PHB\n"
        "SYS SYS SYS SYS PHB PHB PIX PIX SYS PHB\n"
        "SYS SYS SYS SYS PHB PHB PIX PIX SYS PHB\n");
}

TEST_CASE("the RTX PRO 6000 node has four GPUs and a NIC under each of two switches") {
  const NodeTopology topology{shipped("rtx_pro_6000_pcie_8gpu")};
  std::vector<std::string> columns = kEight;
  for (const char* other : {"nic0", "nic1", "mem0", "mem1"}) columns.emplace_back(other);
  CHECK(matrix(topology, kEight, columns) ==
        "X PIX PIX PIX SYS SYS SYS SYS PIX SYS PHB SYS\n"
        "PIX X PIX PIX SYS SYS SYS SYS PIX SYS PHB SYS\n"
        "PIX PIX X PIX SYS SYS SYS SYS PIX SYS PHB SYS\n"
        "PIX PIX PIX X SYS SYS SYS SYS PIX SYS PHB SYS\n"
        "SYS SYS SYS SYS X PIX PIX PIX SYS PIX SYS PHB\n"
        "SYS SYS SYS SYS PIX X PIX PIX SYS PIX SYS PHB\n"
        "SYS SYS SYS SYS PIX PIX X PIX SYS PIX SYS PHB\n"
        "SYS SYS SYS SYS PIX PIX PIX X SYS PIX SYS PHB\n");
}

TEST_CASE("the RTX PRO 6000 node has the measured peer-to-peer rates and latencies") {
  // rtx6kpro measurements: 54 GB/s and 0.45 us under one switch, 38 GB/s and 1.07 us through the sockets.
  const NodeTopology topology{shipped("rtx_pro_6000_pcie_8gpu")};
  const Route& near = topology.route(0, 1);
  const Route& far = topology.route(0, 4);
  CHECK(near.bytes_per_s == doctest::Approx(54e9).epsilon(0.005));
  CHECK(near.latency_s == doctest::Approx(0.45e-6));
  CHECK(far.bytes_per_s == doctest::Approx(38e9));
  CHECK(far.latency_s == doctest::Approx(1.07e-6).epsilon(0.005));
  // Host memory: 114.1 GB/s over the two uplinks.
  CHECK(2 * topology.route(0, device_named(topology.node(), "mem0")).bytes_per_s ==
        doctest::Approx(108.4e9).epsilon(0.001));
  CHECK(2 * topology.link_bytes_per_s(2 * 10) == doctest::Approx(114.1e9).epsilon(0.001));
}

}  // namespace
}  // namespace agentsim::platform
