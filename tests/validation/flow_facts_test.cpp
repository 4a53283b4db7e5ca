#include <doctest/doctest.h>

#include "sim/model/collective.hpp"
#include "sim/platform/max_min.hpp"
#include "tests/model/shipped.hpp"
#include "tests/platform/hand_made.hpp"

// What measured machines do when several transfers run at once, against the graphs alone: nothing is fitted
// here. Figures: rtx6kpro community measurements, Feb-May 2026, on PCIe 5 machines.
namespace agentsim::validation {
namespace {

using platform::NodeTopology;

double total(const NodeTopology& node, const std::vector<std::pair<std::string, std::string>>& transfers) {
  std::vector<std::vector<int>> flows;
  std::vector<std::pair<int, int>> pairs;
  for (const auto& [from, to] : transfers) {
    pairs.emplace_back(platform::device_named(node.node(), from), platform::device_named(node.node(), to));
    flows.push_back(node.route(pairs.back().first, pairs.back().second).links);
  }
  const std::vector<int> limits = node.joint_limits(pairs);
  for (size_t f = 0; f < flows.size(); ++f)
    if (limits[f] >= 0) flows[f].push_back(limits[f]);
  double sum = 0.0;
  for (const double rate :
       platform::max_min_rates(flows, [&](int link) { return node.link_bytes_per_s(link); }))
    sum += rate;
  return sum;
}

NodeTopology shipped(const std::string& cluster) {
  return model::cluster(cluster).topology();
}
NodeTopology shipped_pcie() {
  return shipped("rtx_pro_6000_pcie_x1");
}

// All transfers from the socket's memory to GPUs.
std::vector<std::pair<std::string, std::string>> to_gpus(const std::vector<std::string>& gpus) {
  std::vector<std::pair<std::string, std::string>> transfers;
  for (const std::string& gpu : gpus) transfers.emplace_back("mem0", gpu);
  return transfers;
}

TEST_CASE("two GPUs behind one root port share it") {
  const NodeTopology node = shipped_pcie();
  const double one = total(node, {{"mem0", "gpu0"}});
  CHECK(one == doctest::Approx(54.2e9).epsilon(0.01));
  // The uplink is a little wider than a port: two GPUs and four get the same together.
  CHECK(total(node, to_gpus({"gpu0", "gpu1"})) == doctest::Approx(57.0e9).epsilon(0.01));
  CHECK(total(node, to_gpus({"gpu0", "gpu1", "gpu2", "gpu3"})) == doctest::Approx(57.0e9).epsilon(0.01));
}

TEST_CASE("eight GPUs load from host memory as fast as their root complexes allow") {
  // Measured 114.1 GB/s on two roots, which the uplinks' efficiency was read from, and 73.1 for two switches on one.
  std::vector<std::pair<std::string, std::string>> all = to_gpus({"gpu0", "gpu1", "gpu2", "gpu3"});
  for (const char* gpu : {"gpu4", "gpu5", "gpu6", "gpu7"}) all.emplace_back("mem1", gpu);
  CHECK(total(shipped_pcie(), all) == doctest::Approx(114.1e9).epsilon(0.01));
  const NodeTopology one = shipped("rtx_pro_6000_one_root_x1");
  CHECK(total(one, to_gpus({"gpu0", "gpu1", "gpu2", "gpu3", "gpu4", "gpu5", "gpu6", "gpu7"})) ==
        doctest::Approx(73.1e9).epsilon(0.01));
  // One switch alone has its uplink, 53.4 GB/s, and nothing is said of the quadrant.
  CHECK(total(one, to_gpus({"gpu0", "gpu1"})) == doctest::Approx(53.4e9).epsilon(0.01));
}

TEST_CASE("transfers across two switches of one root complex share the uplink of the sender's") {
  // Measured on such a board (wrx90-cpayne-2switch-flat.md): 53.8 GB/s for one pair, 53.8 together for two from one switch,
  // 53.3 for four, 51.6 for 16; 107.5 for two pairs of one switch.
  const NodeTopology node = shipped("rtx_pro_6000_one_root_x1");
  CHECK(total(node, {{"gpu0", "gpu4"}}) == doctest::Approx(53.8e9).epsilon(0.03));
  CHECK(total(node, {{"gpu0", "gpu4"}, {"gpu1", "gpu5"}}) == doctest::Approx(53.8e9).epsilon(0.03));
  std::vector<std::pair<std::string, std::string>> sixteen;
  for (const char* from : {"gpu0", "gpu1", "gpu2", "gpu3"})
    for (const char* to : {"gpu4", "gpu5", "gpu6", "gpu7"}) sixteen.emplace_back(from, to);
  CHECK(total(node, sixteen) == doctest::Approx(51.6e9).epsilon(0.04));
  CHECK(total(node, {{"gpu0", "gpu1"}, {"gpu2", "gpu3"}}) == doctest::Approx(107.5e9).epsilon(0.03));
}

TEST_CASE("a message between sockets has the rate of their link") {
  // Measured 38 GB/s across two root ports, 54 on one switch.
  CHECK(total(shipped_pcie(), {{"gpu0", "gpu4"}}) == doctest::Approx(38e9));
  CHECK(total(shipped_pcie(), {{"gpu0", "gpu1"}}) == doctest::Approx(54.2e9).epsilon(0.01));
  // Both ways at once each has a direction of its own: measured 70 of 76.
  CHECK(total(shipped_pcie(), {{"gpu0", "gpu4"}, {"gpu4", "gpu0"}}) == doctest::Approx(70e9).epsilon(0.10));
}

TEST_CASE("access control halves what two GPUs of a switch exchange, one way and both ways") {
  // Measured 54 and 25 GB/s one way, 103 and 50 both ways.
  platform::Node node = shipped_pcie().node();
  node.acs = true;
  const NodeTopology with(node);
  const NodeTopology without = shipped_pcie();
  const std::vector<std::pair<std::string, std::string>> both{{"gpu0", "gpu1"}, {"gpu1", "gpu0"}};
  CHECK(total(without, {{"gpu0", "gpu1"}}) == doctest::Approx(54e9).epsilon(0.01));
  CHECK(total(without, both) == doctest::Approx(103e9).epsilon(0.06));
  CHECK(total(with, {{"gpu0", "gpu1"}}) == doctest::Approx(25e9));
  CHECK(total(with, both) == doctest::Approx(50e9));
  // Three pairs want 75 GB/s of an uplink of 57.
  CHECK(total(with, {{"gpu0", "gpu1"}, {"gpu1", "gpu2"}, {"gpu2", "gpu3"}}) ==
        doctest::Approx(57e9).epsilon(0.01));
  // A NIC of the switch is a peer too.
  CHECK(total(with, {{"gpu0", "nic0"}}) == doctest::Approx(25e9));
  CHECK(total(without, {{"gpu0", "nic0"}}) == doctest::Approx(54e9).epsilon(0.01));
}

TEST_CASE("writes of one switch to several root ports collapse where a node says so") {
  // Measured on this machine (collapse-report.md): 36.8 GB/s for one pair, 76.4 for two from two switches, 2.7 for two from
  // one switch to two roots, 2.7 for two times two.
  const NodeTopology node = shipped("rtx_pro_6000_broadcom_x1");
  CHECK(total(node, {{"gpu0", "gpu4"}}) == doctest::Approx(36.8e9).epsilon(0.04));
  CHECK(total(node, {{"gpu0", "gpu4"}, {"gpu2", "gpu6"}}) == doctest::Approx(76.4e9).epsilon(0.02));
  CHECK(total(node, {{"gpu0", "gpu4"}, {"gpu1", "gpu6"}}) == doctest::Approx(2.7e9));
  CHECK(total(node, {{"gpu0", "gpu4"}, {"gpu0", "gpu5"}, {"gpu1", "gpu6"}, {"gpu1", "gpu7"}}) ==
        doctest::Approx(2.7e9));
  // Neither a single GPU that writes to two roots nor two that write to one nor a peer of the switch does it.
  CHECK(total(node, {{"gpu0", "gpu4"}, {"gpu0", "gpu6"}}) == doctest::Approx(38e9));
  CHECK(total(node, {{"gpu0", "gpu4"}, {"gpu1", "gpu5"}}) > 50e9);
  CHECK(total(node, {{"gpu0", "gpu1"}, {"gpu1", "gpu4"}}) > 90e9);
}

TEST_CASE("the collapse leaves rings alone and takes an all-to-all") {
  const model::CollectiveGroup group(model::cluster("rtx_pro_6000_broadcom_x1"), model::first_gpus(8),
                                     model::load_protocols("pcie"));
  // A ring leaves each switch once. Measured: NCCL's 32 MB of 8 GPUs in 2976 us, 19.7 GB/s of bus bandwidth.
  CHECK(group.rate() == doctest::Approx(38e9));
  CHECK(7.0 / 4.0 * 0x1p25 / group.all_reduce(0x1p25).seconds(group.rate()) ==
        doctest::Approx(19.7e9).epsilon(0.15));
  // Each switch sends 2 x 6 messages to others: 2.7 GB/s over 12. Measured were 5.5 GB/s over 56 flows for a one-shot
  // all-reduce, which writes, and 46 to 52 for p2pmark: the model is between them, a factor of two from the former.
  CHECK(group.exchange_rate() == doctest::Approx(2.7e9 / 12));
  platform::Node healthy = model::cluster("rtx_pro_6000_broadcom_x1").node();
  healthy.posted_write_collapse = false;
  const model::CollectiveGroup without(platform::Cluster({}, NodeTopology(healthy)), model::first_gpus(8),
                                       model::load_protocols("pcie"));
  CHECK(without.exchange_rate() == doctest::Approx(54.7e9 / 12).epsilon(0.01));
}

TEST_CASE("four messages on disjoint ports of a switch do not disturb each other") {
  const NodeTopology node = shipped_pcie();
  const double one = total(node, {{"gpu0", "gpu1"}});
  CHECK(total(node, {{"gpu0", "gpu1"}, {"gpu1", "gpu2"}, {"gpu2", "gpu3"}, {"gpu3", "gpu0"}}) ==
        doctest::Approx(4 * one));
}

TEST_CASE("an all-to-all of eight GPUs over two sockets is bound by the link between them") {
  const model::CollectiveGroup group(model::cluster("rtx_pro_6000_pcie_x1"), model::first_gpus(8),
                                     model::load_protocols("pcie"));
  // 16 flows a direction cross. NCCL's, measured at 512 MiB: 64 MiB in 25.5 ms a flow, 2.63 GB/s.
  CHECK(group.exchange_rate() == doctest::Approx(38e9 / 16));
  CHECK(group.exchange_rate() == doctest::Approx(2.63e9).epsilon(0.15));
  CHECK(32 * group.exchange_rate() == doctest::Approx(76e9));
}

TEST_CASE("an all-to-all of eight GPUs on two sockets without switches has the measured rate") {
  // p2pmark on such a machine: 173 to 190 GB/s over the 56 flows, the slowest of which end last.
  const model::CollectiveGroup group(model::cluster("rtx_pro_6000_direct_x1"), model::first_gpus(8),
                                     model::load_protocols("pcie"));
  CHECK(56 * group.exchange_rate() == doctest::Approx(181e9).epsilon(0.05));
}

TEST_CASE("an all-to-all of eight GPUs under one NVSwitch fills every port") {
  const model::CollectiveGroup group(model::cluster("hgx_h100_x1"), model::first_gpus(8),
                                     model::load_protocols("nvswitch"));
  CHECK(group.exchange_total() == doctest::Approx(8 * 450e9));
  // NCCL at 512 MiB: 7/8 of it leaves each GPU in 1490 us, 315 GB/s or 70 % of the port.
  const double simulated = 7.0 / 8.0 * 0x1p29 / group.all_to_all(0x1p29).seconds(group.rate());
  CHECK(simulated == doctest::Approx(315e9).epsilon(0.10));
}

}  // namespace
}  // namespace agentsim::validation
