#include <doctest/doctest.h>

#include "sim/model/collective.hpp"
#include "sim/model/ring_order.hpp"
#include "tests/model/shipped.hpp"
#include "tests/platform/hand_made.hpp"

// What the graph gives to each pattern, on nodes small enough to compute by hand.
namespace agentsim::model {
namespace {

using platform::DeviceKind;
using platform::HandMade;

platform::Cluster alone(const HandMade& node, int64_t count = 1, double nic_bytes_per_s = 10e9) {
  platform::ClusterSpec spec;
  spec.count = count;
  spec.fabric.bytes_per_s = nic_bytes_per_s;
  return platform::Cluster(spec, node.topology());
}

Protocols only(const std::string& form) {
  Protocol protocol;
  protocol.form = form;
  return {{form, protocol}};
}

// Four GPUs joined in pairs by NVLink of 100 GB/s, all under one switch with ports of 50 GB/s.
HandMade pairs(const std::vector<std::pair<std::string, std::string>>& bridges) {
  HandMade node = platform::hand_made().gpus(4).device("sw0", DeviceKind::pcie_switch);
  for (const char* gpu : {"gpu0", "gpu1", "gpu2", "gpu3"}) node.cable(gpu, "sw0");
  for (const auto& [a, b] : bridges) node.cable(a, b, "nvlink3", 100.0);
  return node;
}

// Two sockets with two switches each and two GPUs a switch; odd and even GPUs on different sockets.
HandMade interleaved() {
  HandMade node = platform::hand_made()
                      .gpus(8)
                      .device("cpu0", DeviceKind::cpu_socket)
                      .device("cpu1", DeviceKind::cpu_socket);
  node.cable("cpu0", "cpu1", "upi", 20.0);
  for (int s = 0; s < 4; ++s) {
    const std::string sw = "sw" + std::to_string(s);
    node.device(sw, DeviceKind::pcie_switch).cable(sw, "cpu" + std::to_string(s % 2));
    node.cable("gpu" + std::to_string(s), sw).cable("gpu" + std::to_string(s + 4), sw);
  }
  return node;
}

TEST_CASE("a ring stays on a switch and a socket as long as it can") {
  // Switches hold GPUs 0 4, 2 6 on socket 0 and 1 5, 3 7 on socket 1.
  CHECK(ring_order(alone(interleaved()), first_gpus(8)) == std::vector<int>{0, 4, 2, 6, 1, 5, 3, 7});
  const CollectiveGroup group(alone(interleaved()), first_gpus(8), only("ring"));
  CHECK(group.rate() == doctest::Approx(20e9));  // each direction between the sockets is crossed once
}

TEST_CASE("a ring uses both bridges of pairwise NVLink") {
  CHECK(ring_order(alone(pairs({{"gpu0", "gpu1"}, {"gpu2", "gpu3"}})), first_gpus(4)) ==
        std::vector<int>{0, 1, 2, 3});
  CHECK(ring_order(alone(pairs({{"gpu0", "gpu2"}, {"gpu1", "gpu3"}})), first_gpus(4)) ==
        std::vector<int>{0, 2, 1, 3});
  // Between the pairs a port carries one flow each way; a pair alone has its bridge.
  CHECK(CollectiveGroup(alone(pairs({{"gpu0", "gpu2"}, {"gpu1", "gpu3"}})), first_gpus(4), only("ring"))
            .rate() == doctest::Approx(50e9));
  CHECK(CollectiveGroup(alone(pairs({{"gpu0", "gpu1"}})), {0, 1}, only("ring")).rate() ==
        doctest::Approx(100e9));
}

TEST_CASE("bridges between two switches are taken although the switch is nearer to the others") {
  // GPUs 0 1 on one switch, 2 3 on the other, bridges 0-2 and 1-3: 0 2 3 1 crosses no socket at all.
  HandMade node = platform::hand_made().gpus(4).device("cpu0", DeviceKind::cpu_socket);
  for (const int s : {0, 1}) {
    const std::string sw = "sw" + std::to_string(s);
    node.device(sw, DeviceKind::pcie_switch).cable(sw, "cpu0");
    for (const int g : {0, 1}) node.cable("gpu" + std::to_string(2 * s + g), sw);
  }
  node.cable("gpu0", "gpu2", "nvlink3", 100.0).cable("gpu1", "gpu3", "nvlink3", 100.0);
  CHECK(ring_order(alone(node), first_gpus(4)) == std::vector<int>{0, 2, 3, 1});
}

TEST_CASE("the flows of an all-to-all share ports and what lies between") {
  // On one switch a port carries n - 1 flows each way.
  const CollectiveGroup four(alone(pairs({})), first_gpus(4), only("ring"));
  CHECK(four.exchange_rate() == doctest::Approx(50e9 / 3));
  CHECK(four.exchange_total() == doctest::Approx(4 * 50e9));
  CHECK(four.all_to_all(12e6).seconds(four.rate()) == doctest::Approx(3e6 / (50e9 / 3)));
  // Two pairs with bridges: 2 flows on each port of the switch, the bridges have one flow a direction.
  const CollectiveGroup bridged(alone(pairs({{"gpu0", "gpu1"}, {"gpu2", "gpu3"}})), first_gpus(4),
                                only("ring"));
  CHECK(bridged.exchange_rate() == doctest::Approx(25e9));
  CHECK(bridged.exchange_total() == doctest::Approx(8 * 25e9 + 4 * 100e9));
}

TEST_CASE("flows that do not cross the sockets take what the crossing ones leave") {
  // 16 flows a direction between the sockets: 20 / 16. The port's rest, 50 - 4 x 1.25, is for 3 flows in the
  // socket; of those two share a switch's uplink, 50 - 8 x 1.25 over 4 flows: 10, so the one of the switch
  // gets 45 - 20.
  const CollectiveGroup group(alone(interleaved()), first_gpus(8), only("ring"));
  CHECK(group.exchange_rate() == doctest::Approx(20e9 / 16));
  CHECK(group.exchange_total() == doctest::Approx(32 * 1.25e9 + 16 * 10e9 + 8 * 25e9));
}

TEST_CASE("a message has the rate of its route") {
  const CollectiveGroup group(alone(pairs({{"gpu0", "gpu1"}, {"gpu2", "gpu3"}})), first_gpus(4),
                              only("ring"));
  CHECK(group.p2p(0, 1, 1e9).seconds(group.rate()) == doctest::Approx(10e-3));
  CHECK(group.p2p(0, 2, 1e9).seconds(group.rate()) == doctest::Approx(20e-3));
  CHECK(group.p2p(2, 2, 1e9).seconds(group.rate()) == 0.0);
}

TEST_CASE("staging in host memory pays the memory twice") {
  // Given an uplink of 40 GB/s and memory of 300, the two flows share the uplink; of 60, its four crossings
  // count.
  const CollectiveGroup wide(alone(platform::one_switch().p2p(false)), {0, 1}, only("ring"));
  CHECK(wide.rate() == doctest::Approx(20e9));
  HandMade narrow = platform::hand_made()
                        .gpus(2)
                        .device("cpu0", DeviceKind::cpu_socket)
                        .device("mem0", DeviceKind::host_memory);
  narrow.cable("gpu0", "cpu0").cable("gpu1", "cpu0").cable("cpu0", "mem0", "memory", 60.0).p2p(false);
  CHECK(CollectiveGroup(alone(narrow), {0, 1}, only("ring")).rate() == doctest::Approx(15e9));
  CHECK(CollectiveGroup(alone(narrow), {0, 1}, only("ring")).p2p(0, 1, 3e9).seconds(15e9) ==
        doctest::Approx(0.1));
}

TEST_CASE("the direct form works on all links of a mesh at once") {
  HandMade mesh = platform::hand_made().gpus(4);
  for (int a = 0; a < 4; ++a)
    for (int b = a + 1; b < 4; ++b)
      mesh.cable("gpu" + std::to_string(a), "gpu" + std::to_string(b), "xgmi", 64.0);
  const CollectiveGroup group(alone(mesh), first_gpus(4), only("direct"));
  CHECK(group.exchange_rate() == doctest::Approx(64e9));
  CHECK(group.all_reduce(64e6).seconds(group.rate()) == doctest::Approx(2 * 16e6 / 64e9));
  CHECK(group.all_gather(64e6).seconds(group.rate()) == doctest::Approx(16e6 / 64e9));
}

TEST_CASE("an all-reduce over nodes scatters inside, reduces across and gathers inside") {
  // Two nodes of two GPUs, ports of 50 GB/s, one NIC of 10 GB/s that both GPUs share.
  const platform::Cluster two = alone(platform::one_switch(), 2, 10e9);
  Protocols network = only("ring");
  network["ring"].base_s = 20e-6;
  const CollectiveGroup group(two, first_gpus(4), only("ring"), network);
  const double s = 8e6;
  const double inside = s / 2 / 50e9;        // (g - 1) / g S
  const double across = s / 2 / (10e9 / 2);  // 2 (N - 1) / N of S / g, two rings on the NIC
  CHECK(group.all_reduce(s).seconds(group.rate()) == doctest::Approx(20e-6 + 2 * inside + across));
  CHECK(group.all_gather(s).seconds(group.rate()) == doctest::Approx(20e-6 + inside + across / 2));
  CHECK(group.reduce_scatter(s).seconds(group.rate()) == group.all_gather(s).seconds(group.rate()));
  // Of the 12 flows of an all-to-all 4 leave each node by its NIC.
  CHECK(group.exchange_rate() == doctest::Approx(10e9 / 4));
  CHECK(group.p2p(0, 2, 1e9).seconds(group.rate()) == doctest::Approx(20e-6 + 0.1));
}

TEST_CASE("one GPU a node needs no tier inside, and uneven nodes make a flat ring") {
  const platform::Cluster two = alone(platform::one_switch(), 2, 10e9);
  const CollectiveGroup ends(two, {0, 2}, only("ring"), only("ring"));
  CHECK(ends.all_reduce(8e6).seconds(ends.rate()) == doctest::Approx(8e6 / 10e9));
  const CollectiveGroup uneven(two, {0, 1, 2}, only("ring"), only("ring"));
  CHECK(uneven.all_reduce(6e6).seconds(uneven.rate()) == doctest::Approx(4.0 / 3.0 * 6e6 / 10e9));
}

TEST_CASE("a protocol is used for the collectives it names") {
  Protocols protocols = only("ring");
  protocols["gather"] = protocols["ring"];
  protocols["gather"].collectives.members = {Collective::all_gather};
  protocols["ring"].base_s = 1e-3;
  const CollectiveGroup group(alone(pairs({})), first_gpus(4), protocols);
  CHECK(group.all_gather(1e3).latency_s == 0.0);
  CHECK(group.reduce_scatter(1e3).latency_s == 1e-3);
}

std::string coverage_mistake(const std::string& yaml) {
  Diagnostics diagnostics;
  read_protocols(config::Value::parse(yaml, "c.yaml"), "c", diagnostics);
  try {
    diagnostics.throw_if_any();
  } catch (const ConfigError& error) {
    return error.diagnostics().front().message;
  }
  return "";
}

TEST_CASE("a class without a protocol for some size or number of GPUs is refused") {
  CHECK(coverage_mistake("{a: {form: ring}}").empty());
  // A byte to 1 MiB, then from 2 MiB.
  CHECK(coverage_mistake("{a: {form: ring, max_bytes: 1 MiB}, b: {form: ring, min_bytes: 2 MiB}}") ==
        "the class 'c' has no protocol for all_reduce of 1.049 MB by 2 GPUs");
  CHECK(coverage_mistake("{a: {form: ring, max_bytes: 2 MiB}, b: {form: ring, min_bytes: 1 MiB}}").empty());
  CHECK(coverage_mistake("{a: {form: ring, max_gpus: 4}, b: {form: ring, min_gpus: 6}}") ==
        "the class 'c' has no protocol for all_reduce of 1 B by 5 GPUs");
  CHECK(coverage_mistake("{a: {form: ring, max_gpus: 4}, b: {form: ring, min_gpus: 5, max_bytes: 1 GiB}}") ==
        "the class 'c' has no protocol for all_reduce of 1.074 GB by 5 GPUs");
  CHECK(coverage_mistake(
            "{a: {form: ring, collectives: [all_reduce, all_gather, reduce_scatter, all_to_all]}}") ==
        "the class 'c' has no protocol for p2p of 1 B by 2 GPUs");
}

}  // namespace
}  // namespace agentsim::model
