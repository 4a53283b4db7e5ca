#include "sim/model/collective.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/base/test_folder.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

Protocols only(const std::string& form) {
  Protocol protocol;
  protocol.form = form;
  return {{form, protocol}};
}

double seconds(const CollectiveGroup& group, double bytes) {
  return group.all_reduce(bytes).seconds(group.rate());
}

TEST_CASE("a ring moves twice n minus one parts of n over the narrowest link") {
  // Given an efficiency of 1 and no latency: 2 (n - 1) / n S / B.
  const platform::Cluster rtx = cluster("rtx_pro_6000_pcie_x1");
  const double lane = 32e9 / 8 * 128 / 130;
  for (const int n : {2, 3, 4}) {
    const CollectiveGroup group(rtx, first_gpus(n), only("ring"));
    CHECK(group.rate() == doctest::Approx(16 * lane * 0.86));
    CHECK(seconds(group, 64e6) == doctest::Approx(2.0 * (n - 1) / n * 64e6 / (16 * lane * 0.86)));
  }
}

TEST_CASE("the graph gives a ring the rate of the link that its flows crowd most") {
  // 4 GPUs of one switch: their ports. 8 over two sockets: 38 GB/s between them. NVSwitch: 450 GB/s.
  CHECK(CollectiveGroup(cluster("rtx_pro_6000_pcie_x1"), first_gpus(4), only("ring")).rate() ==
        doctest::Approx(54.2e9).epsilon(0.001));
  CHECK(CollectiveGroup(cluster("rtx_pro_6000_pcie_x1"), first_gpus(8), only("ring")).rate() ==
        doctest::Approx(38e9));
  CHECK(CollectiveGroup(cluster("hgx_h100_x1"), first_gpus(8), only("ring")).rate() ==
        doctest::Approx(450e9));
  // Given GPUs in an order that would cross the sockets with every hop, the ring does not.
  const CollectiveGroup zigzag(cluster("rtx_pro_6000_pcie_x1"), {0, 4, 1, 5, 2, 6, 3, 7}, only("ring"));
  CHECK(zigzag.gpus() == first_gpus(8));
  CHECK(zigzag.rate() == doctest::Approx(38e9));
}

TEST_CASE("a ring over nodes has the rate of a NIC") {
  // 400 Gbps a NIC; the neighbours at the nodes' ends use one each way.
  CHECK(CollectiveGroup(cluster("hgx_h100_x2"), first_gpus(16), only("ring")).rate() ==
        doctest::Approx(50e9));
}

TEST_CASE("the crossings count the flows of a ring on every link") {
  const platform::Cluster rtx = cluster("rtx_pro_6000_pcie_x1");
  const CollectiveGroup group(rtx, first_gpus(8), only("ring"));
  size_t between_sockets = 0;
  for (const auto& [link, count] : group.crossings()) {
    // Around the ring each port is left once and entered once.
    CHECK(count == 1);
    between_sockets += rtx.link_name(link) == "n0/cpu0>cpu1" || rtx.link_name(link) == "n0/cpu1>cpu0" ? 1 : 0;
  }
  // 8 ports, 2 uplinks, 2 root ports and the link between the sockets, in both directions.
  CHECK(group.crossings().size() == 2 * (8 + 2 + 2 + 1));
  CHECK(between_sockets == 2);
}

TEST_CASE("each form has the bytes and hops of its equation") {
  const platform::Cluster h100 = cluster("hgx_h100_x1");
  const double s = 4096.0;
  struct Row {
    const char* form;
    double hops, traffic;
  };
  for (const Row& row :
       {Row{"ring", 14, 1.75}, Row{"one_shot", 7, 7}, Row{"two_shot", 7, 1.75}, Row{"nvls", 7, 1}}) {
    Protocols protocols = only(row.form);
    protocols[row.form].base_s = 5e-6;
    protocols[row.form].hop_s = 1e-6;
    protocols[row.form].efficiency = 0.5;
    const CollectiveCost cost = CollectiveGroup(h100, first_gpus(8), protocols).all_reduce(s);
    CAPTURE(std::string(row.form));
    CHECK(cost.latency_s == doctest::Approx(5e-6 + row.hops * 1e-6));
    CHECK(cost.wire_bytes == doctest::Approx(row.traffic * s));
    CHECK(cost.burst_bytes == doctest::Approx(row.traffic * s / 0.5));
    CHECK(cost.seconds(450e9) == doctest::Approx(cost.latency_s + 2 * row.traffic * s / 450e9));
  }
}

TEST_CASE("the fastest protocol whose limits hold is taken") {
  Protocols protocols = only("ring");
  protocols["quick"] = protocols["ring"];
  protocols["quick"].efficiency = 0.5;  // but no latency
  protocols["ring"].base_s = 10e-6;
  const CollectiveGroup group(cluster("hgx_h100_x1"), first_gpus(8), protocols);
  // They are even where 1.75 S / B = 10 us.
  const double even = 10e-6 * 450e9 / 1.75;
  CHECK(group.all_reduce(even * 0.99).latency_s == 0.0);
  CHECK(group.all_reduce(even * 1.01).latency_s == 10e-6);
  // Limits take it out of the choice: sizes from min to below max, groups from min to max.
  const auto latency = [&](const std::string& field, double bytes) {
    Protocols limited = protocols;
    if (field == "min_bytes") limited["quick"].min_bytes = 1000;
    if (field == "max_bytes") limited["quick"].max_bytes = 1000;
    if (field == "min_gpus") limited["quick"].min_gpus = 9;
    if (field == "max_gpus") limited["quick"].max_gpus = 7;
    return CollectiveGroup(cluster("hgx_h100_x1"), first_gpus(8), limited).all_reduce(bytes).latency_s;
  };
  CHECK(latency("min_bytes", 999) == 10e-6);
  CHECK(latency("min_bytes", 1000) == 0.0);
  CHECK(latency("max_bytes", 999) == 0.0);
  CHECK(latency("max_bytes", 1000) == 10e-6);
  CHECK(latency("min_gpus", 1000) == 10e-6);
  CHECK(latency("max_gpus", 1000) == 10e-6);
}

TEST_CASE("one GPU and no bytes need no collective") {
  const platform::Cluster h100 = cluster("hgx_h100_x1");
  const Protocols protocols = load_protocols("nvswitch");
  const CollectiveGroup alone(h100, {3}, protocols);
  CHECK(alone.crossings().empty());
  CHECK(seconds(alone, 1e6) == 0.0);
  CHECK(seconds(CollectiveGroup(h100, first_gpus(8), protocols), 0.0) == 0.0);
}

TEST_CASE("an all-gather moves half of what a ring all-reduce moves") {
  const CollectiveGroup group(cluster("rtx_pro_6000_pcie_x1"), first_gpus(8), only("ring"));
  const CollectiveCost reduce = group.all_reduce(8e6);
  const CollectiveCost gather = group.all_gather(8e6);
  CHECK(gather.wire_bytes == doctest::Approx(7.0 / 8.0 * 8e6));
  CHECK(gather.wire_bytes == doctest::Approx(reduce.wire_bytes / 2));
  CHECK(gather.burst_bytes == doctest::Approx(reduce.burst_bytes / 2));
  CHECK(gather.latency_s == reduce.latency_s);
}

TEST_CASE("costs add up and repeat") {
  CollectiveCost cost{1.0, 20.0, 10.0};
  cost += CollectiveCost{2.0, 30.0, 20.0}.times(2.0);
  CHECK(cost.latency_s == 5.0);
  CHECK(cost.burst_bytes == 80.0);
  CHECK(cost.wire_bytes == 50.0);
  CHECK(cost.seconds(10.0) == 13.0);
  CHECK(cost.seconds(5.0) == 21.0);
}

TEST_CASE("an all-reduce of 256 KiB over eight GPUs takes the measured time") {
  // aiconfigurator, vLLM 0.24 in CUDA graphs: 10.79 us on H100, 84.34 us on RTX PRO 6000.
  const CollectiveGroup h100(cluster("hgx_h100_x1"), first_gpus(8), load_protocols("nvswitch"));
  const CollectiveGroup rtx(cluster("rtx_pro_6000_pcie_x1"), first_gpus(8), load_protocols("pcie"));
  CHECK(seconds(h100, 262144) * 1e6 == doctest::Approx(10.8).epsilon(0.10));
  CHECK(seconds(rtx, 262144) * 1e6 == doctest::Approx(84.0).epsilon(0.15));
}

TEST_CASE("every size, group and collective has a protocol in every shipped class") {
  const platform::Cluster h100 = cluster("hgx_h100_x1");
  for (const char* name : {"nvswitch", "nvswitch_a100", "nvswitch_b200", "pcie", "pcie4", "pcie3",
                           "host_staged", "nvlink_bridge", "mesh", "network", "network_tcp"}) {
    CAPTURE(std::string(name));
    const Protocols protocols = load_protocols(name);
    for (const int n : {2, 3, 4, 5, 8}) {
      const CollectiveGroup group(h100, first_gpus(n), protocols);
      for (double bytes = 2.0; bytes < 1e10; bytes *= 2.0) {
        CAPTURE(bytes);
        for (const CollectiveCost& cost :
             {group.all_reduce(bytes), group.all_gather(bytes), group.reduce_scatter(bytes),
              group.all_to_all(bytes), group.p2p(0, 1, bytes)}) {
          CHECK(cost.wire_bytes >= bytes / 2);
          CHECK(cost.seconds(group.rate()) > 1e-6);
          CHECK(cost.seconds(group.rate()) < 3000.0);
        }
      }
    }
  }
}

TEST_CASE("GPUs of one replica on nodes without NICs are refused") {
  platform::Node node;
  node.name = "bare";
  node.devices = {{"gpu0", platform::DeviceKind::gpu}, {"gpu1", platform::DeviceKind::gpu}};
  node.cables = {{0, 1, "pcie", 50e9, 0.0}};
  platform::ClusterSpec spec;
  spec.count = 2;
  spec.fabric.bytes_per_s = 50e9;
  const platform::Cluster two(spec, platform::NodeTopology(node));
  CHECK(message_of<ConfigError>([&] { CollectiveGroup(two, first_gpus(4), only("ring")); }) ==
        "gpu 1 and gpu 2 of one replica have no path: their nodes lack a NIC");
}

TEST_CASE("an unknown class is told with the classes") {
  const std::string text = message_of<ConfigError>([] { load_protocols("token_ring"); });
  CHECK(text.find("unknown collective class 'token_ring'\n") != std::string::npos);
  CHECK(text.find("\n  valid: ") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::model
