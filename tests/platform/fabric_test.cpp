#include "sim/platform/fabric.hpp"

#include <doctest/doctest.h>

#include "sim/platform/cluster.hpp"
#include "tests/base/test_folder.hpp"
#include "tests/platform/hand_made.hpp"

namespace agentsim::platform {
namespace {

using doctest::Approx;

Cluster load(const std::string& yaml) {
  return load_cluster(config::Value::parse(yaml, "c.yaml"));
}

// HGX nodes: two GPUs and two NICs share a switch, so GPU i takes NIC i.
Cluster hgx(int count, const std::string& fabric) {
  return load("{name: c, node: hgx_h100, count: " + std::to_string(count) +
              ", fabric: {link_bandwidth: 400 Gbps, latency: 1us, " + fabric + "}}");
}

// The links of the fabric that two GPUs cross, whether a route names them or not.
std::string crossed(const Cluster& cluster, int source, int target) {
  std::string text;
  for (const RouteStep& step : cluster.steps(source, target))
    if (step.name.compare(0, 7, "fabric/") == 0) text += (text.empty() ? "" : " ") + step.name.substr(7);
  return text;
}

TEST_CASE("nodes of one leaf meet there and others at the spine") {
  const Cluster cluster =
      hgx(5, "kind: leaf_spine, nodes_per_leaf: 2, oversubscription: 4, spine_latency: 0.5us");
  CHECK(crossed(cluster, 0, 8).empty());
  CHECK(crossed(cluster, 8, 16) == "leaf0>spine spine>leaf1");
  CHECK(crossed(cluster, 39, 0) == "leaf2>spine spine>leaf0");
  // 2 nodes of 8 cables of 50 GB/s share a quarter of their sum.
  CHECK(cluster.steps(8, 16)[3].bytes_per_s == Approx(200e9));
  const double in_leaf = cluster.gpu_route(0, 8).latency_s;
  CHECK(cluster.gpu_route(8, 16).latency_s == Approx(in_leaf + 2 * 0.5e-6));
  CHECK(cluster.gpu_route(8, 16).links.size() == cluster.gpu_route(0, 8).links.size() + 2);
  // 3 leaves, up and down, after the 90 links of each node.
  CHECK(cluster.link_count() == 5 * 90 + 6);
  CHECK(cluster.link_name(5 * 90 + 5) == "fabric/spine>leaf2");
  CHECK(cluster.link_bytes_per_s(5 * 90) == Approx(200e9));
}

TEST_CASE("the links of a non-blocking spine are left out of routes but not their latency") {
  const Cluster cluster =
      hgx(4, "kind: leaf_spine, nodes_per_leaf: 2, oversubscription: 1, spine_latency: 0.5us");
  CHECK(cluster.link_count() == 4 * 90);
  CHECK(crossed(cluster, 0, 16) == "leaf0>spine spine>leaf1");
  CHECK_FALSE(cluster.steps(0, 16)[3].is_in_route);
  CHECK(cluster.gpu_route(0, 16).links.size() == cluster.gpu_route(0, 8).links.size());
  CHECK(cluster.gpu_route(0, 16).latency_s == Approx(cluster.gpu_route(0, 8).latency_s + 1e-6));
  CHECK(cluster.gpu_route(0, 16).bytes_per_s == Approx(50e9));
}

TEST_CASE("a spine can be narrower than a cable") {
  const Cluster cluster = hgx(2, "kind: leaf_spine, nodes_per_leaf: 1, oversubscription: 16");
  CHECK(cluster.gpu_route(0, 8).bytes_per_s == Approx(25e9));
}

TEST_CASE("NICs of one rail meet at the leaf of their pod and others at the spine") {
  const Cluster cluster = hgx(4, "kind: rail, nodes_per_pod: 2, oversubscription: 2, spine_latency: 0.5us");
  CHECK(crossed(cluster, 0, 8).empty());
  CHECK(crossed(cluster, 7, 15).empty());
  CHECK(crossed(cluster, 0, 15) == "pod0_rail0>spine spine>pod0_rail7");
  CHECK(crossed(cluster, 2, 18) == "pod0_rail2>spine spine>pod1_rail2");
  // 2 cables of 50 GB/s below a leaf, half of that above; 2 pods of 8 leaves.
  CHECK(cluster.steps(2, 18)[3].bytes_per_s == Approx(50e9));
  CHECK(cluster.link_count() == 4 * 90 + 2 * 2 * 8);
}

TEST_CASE("with PXN a message changes rails over NVLink and stays below the leaf") {
  const std::string rail = "kind: rail, nodes_per_pod: 2, oversubscription: 2, spine_latency: 0.5us";
  const Cluster plain = hgx(4, rail);
  const Cluster pxn = hgx(4, rail + ", pxn: on");
  CHECK(crossed(pxn, 0, 15).empty());
  // GPU 0 to GPU 7 over NVSwitch, 7 to its NIC, down to GPU 15 of the same rail.
  std::string names;
  for (const RouteStep& step : pxn.steps(0, 15)) names += " " + step.name;
  CHECK(names ==
        " n0/gpu0>nvs0 n0/nvs0>gpu7 n0/gpu7>sw3 n0/sw3>nic7 n0/nic7>fabric n1/fabric>nic7 n1/nic7>sw3 "
        "n1/sw3>gpu7");
  // Two NVLink hops of 0.5 us instead of two of the spine.
  CHECK(pxn.gpu_route(0, 15).latency_s == Approx(plain.gpu_route(0, 15).latency_s - 2 * 0.5e-6 + 2 * 0.5e-6));
  CHECK(pxn.gpu_route(0, 15).links.size() == pxn.steps(0, 15).size());
  // In another pod the spine is crossed on the receiver's rail; messages of one rail go as before.
  CHECK(crossed(pxn, 0, 23) == "pod0_rail7>spine spine>pod1_rail7");
  CHECK(pxn.gpu_route(2, 18).links == plain.gpu_route(2, 18).links);
}

TEST_CASE("without NVLink there is no PXN") {
  const std::string head =
      "{name: c, node: rtx_pro_6000_pcie_8gpu, count: 2, fabric: {kind: rail, nodes_per_pod: 2, ";
  const Cluster plain = load(head + "link_bandwidth: 400 Gbps}}");
  const Cluster pxn = load(head + "link_bandwidth: 400 Gbps, pxn: on}}");
  CHECK(pxn.gpu_route(0, 15).links == plain.gpu_route(0, 15).links);
}

TEST_CASE("requests come through the spine where leaves are oversubscribed") {
  const Cluster cluster =
      hgx(4, "kind: leaf_spine, nodes_per_leaf: 2, oversubscription: 4, spine_latency: 0.5us");
  const Cluster star = hgx(4, "kind: star");
  const auto name = [&](const Cluster& c, int link) { return c.link_name(link); };
  CHECK(name(cluster, cluster.ingress(16).links.front()) == "fabric/spine>leaf1");
  CHECK(name(cluster, cluster.egress(16).links.back()) == "fabric/leaf1>spine");
  CHECK(cluster.ingress(16).latency_s == Approx(star.ingress(16).latency_s + 0.5e-6));
  CHECK(name(star, star.ingress(16).links.front()) == "n2/fabric>nic0");
  CHECK(cluster.ingress(16).links.size() == star.ingress(16).links.size() + 1);
}

TEST_CASE("weights come from the memory near a GPU or from the storage through it") {
  const Cluster cluster = hgx(2, "kind: star");
  const auto names = [&](const Route& route) {
    std::string text;
    for (const int link : route.links) text += " " + cluster.link_name(link);
    return text;
  };
  CHECK(names(cluster.from_memory(13)) == " n1/mem1>cpu1 n1/cpu1>rp2 n1/rp2>sw2 n1/sw2>gpu5");
  CHECK(names(cluster.from_storage(13)) ==
        " n1/nvme1>cpu1 n1/cpu1>mem1 n1/mem1>cpu1 n1/cpu1>rp2 n1/rp2>sw2 n1/sw2>gpu5");
  CHECK(load("{name: c, node: hgx_a100, fabric: {link_bandwidth: 1 Gbps}}").from_storage(0).path_class ==
        PathClass::none);
}

TEST_CASE("a torus goes along one axis after the other and the shorter way round") {
  // Node n stands at (n % 4, n / 4 % 3).
  const Cluster cluster = hgx(12, "kind: torus, dimensions: [4, 3]");
  CHECK(crossed(cluster, 0, 8) == "n0+x");
  CHECK(crossed(cluster, 0, 3 * 8) == "n0-x");
  CHECK(crossed(cluster, 0, 2 * 8) == "n0+x n1+x");           // half way round goes forward
  CHECK(crossed(cluster, 0, 8 * 8) == "n0-y");                // (0, 2)
  CHECK(crossed(cluster, 3 * 8, 9 * 8) == "n3+x n0+x n1-y");  // (3, 0) to (1, 2)
  CHECK(crossed(cluster, 11 * 8, 4 * 8) == "n11+x n8-y");     // (3, 2) to (0, 1)
  CHECK(cluster.link_count() == 12 * (90 + 4));
  const double inside = cluster.gpu_route(0, 8).latency_s - 1e-6;
  CHECK(cluster.gpu_route(3 * 8, 9 * 8).latency_s == Approx(inside + 3e-6));
}

TEST_CASE("groups are numbered one after the other") {
  const Cluster cluster = load(
      "{name: c, groups: [{node: hgx_h100, count: 2}, {node: rtx_pro_6000_pcie_8gpu, count: 3}],"
      " fabric: {link_bandwidth: 400 Gbps}}");
  CHECK(cluster.composition() == "2 x hgx_h100, 3 x rtx_pro_6000_pcie_8gpu");
  CHECK(cluster.nodes() == 5);
  CHECK(cluster.gpu_count() == 40);
  CHECK(cluster.first_gpu(1) == 16);
  CHECK(cluster.group_of(15) == 0);
  CHECK(cluster.group_of(16) == 1);
  CHECK(cluster.node_of(16) == 2);
  CHECK(cluster.node(1).name == "rtx_pro_6000_pcie_8gpu");
  CHECK(cluster.link_name(2 * 90) == "n2/" + cluster.topology(1).link_name(0));
  const Route route = cluster.gpu_route(0, 39);
  CHECK(cluster.link_name(route.links.front()) == "n0/gpu0>sw0");
  CHECK(cluster.link_name(route.links.back()).substr(0, 3) == "n4/");
  CHECK(cluster.gpu_route(16, 17).path_class != PathClass::network);
}

TEST_CASE("a route of 1280 nodes is as short as one of two and nothing is kept for pairs") {
  const Cluster large = load("hgx_h100_x1280_leaf_spine");
  const Cluster small = hgx(2, "kind: star");
  CHECK(large.gpu_count() == 10'240);
  CHECK(large.link_count() == 1280 * 90);
  CHECK(large.gpu_route(0, 10'239).links.size() == small.gpu_route(0, 15).links.size());
  CHECK(large.gpu_route(10'232, 10'239).links.size() == small.gpu_route(0, 7).links.size());
}

std::string error(const std::string& yaml) {
  return message_of<ConfigError>([&] { load(yaml); });
}

TEST_CASE("an unknown kind of fabric is told alone, with the nearest") {
  CHECK(error("{name: c, node: hgx_h100, fabric: {kind: leaf_spin, link_bandwidth: 1 GB/s, nodes_per_leaf: "
              "2}}") ==
        "c.yaml:1:42: unknown kind 'leaf_spin'\n"
        "    1 | {name: c, node: hgx_h100, fabric: {kind: leaf_spin, link_bandwidth: 1 GB/s, nodes_per_leaf: "
        "2}}\n"
        "      |                                          ^~~~~~~~~ did you mean 'leaf_spine'?\n"
        "  valid: leaf_spine, rail, star, torus");
}

TEST_CASE("a torus joins as many nodes as it has places") {
  CHECK(error("{name: c, node: hgx_h100, count: 3, fabric: {kind: torus, link_bandwidth: 1 GB/s, dimensions: "
              "[2, 2]}}") ==
        "c.yaml:1:95: a torus of 2 x 2 joins 4 nodes, but the cluster has 3\n"
        "    1 | {name: c, node: hgx_h100, count: 3, fabric: {kind: torus, link_bandwidth: 1 GB/s, "
        "dimensions: [2, 2]}}\n"
        "      |                                                                                             "
        "  ^");
}

TEST_CASE("groups stand instead of node and count") {
  const std::string text = error("{name: c, node: hgx_h100, groups: [], fabric: {link_bandwidth: 1 GB/s}}");
  CHECK(text.find("c.yaml:1:17: a cluster has either 'groups' or 'node', not both\n") != std::string::npos);
  CHECK(text.find("'groups' wants a list such as [{node: hgx_h100, count: 4}]\n") != std::string::npos);
}

TEST_CASE("nodes without a NIC cannot be joined") {
  const std::string node =
      "{name: bare, gpu: h100_sxm, collective_class: pcie, devices: {gpu0: {kind: gpu}, gpu1: {kind: gpu}},"
      " links: [{between: [gpu0, gpu1], kind: pcie, gen: 5}]}";
  const std::string text = error("{name: c, node: " + node + ", count: 2, fabric: {link_bandwidth: 1 GB/s}}");
  CHECK(text.find("c.yaml:1:17: the node 'bare' has no nic, so nothing joins the 2 nodes of the cluster\n") ==
        0);
  CHECK(load("{name: c, node: " + node + ", fabric: {link_bandwidth: 1 GB/s}}").nodes() == 1);
}

TEST_CASE("a disconnected GPU is told at its place") {
  const std::string node =
      "{name: torn, gpu: h100_sxm, collective_class: pcie,"
      " devices: {gpu0: {kind: gpu}, gpu1: {kind: gpu}, a: {kind: pcie_switch}, b: {kind: pcie_switch}},"
      " links: [{between: [gpu0, a], kind: pcie, gen: 5}, {between: [gpu1, b], kind: pcie, gen: 5}]}";
  const std::string text = error("{name: c, node: " + node + ", fabric: {link_bandwidth: 1 GB/s}}");
  CHECK(text.find("c.yaml:1:79: the node 'torn' has no path from gpu0 to gpu1\n") == 0);
}

}  // namespace
}  // namespace agentsim::platform
