#include "sim/platform/cluster.hpp"

#include <doctest/doctest.h>
#include <malloc.h>

#include "tests/base/test_folder.hpp"
#include "tests/platform/hand_made.hpp"

namespace agentsim::platform {
namespace {

Cluster make(const HandMade& node, int64_t count) {
  ClusterSpec spec;
  spec.name = "c";
  spec.count = count;
  spec.fabric.bytes_per_s = 25e9;
  spec.fabric.latency_s = 1e-6;
  return Cluster(spec, node.topology());
}

Cluster load(const std::string& yaml) {
  return load_cluster(config::Value::parse(yaml, "c.yaml"));
}

std::string names(const Cluster& cluster, const Route& route) {
  std::string text;
  for (const DirectedLink link : route.links) text += (text.empty() ? "" : " ") + cluster.link_name(link);
  return text;
}

TEST_CASE("links are numbered node by node with a node's cables before those of its NICs") {
  // Given 6 cables and 1 NIC a node: 12 links inside and 2 to the fabric.
  const Cluster cluster = make(one_switch(), 3);
  CHECK(cluster.link_count() == 42);
  CHECK(cluster.gpu_count() == 6);
  CHECK(cluster.gpus_per_node() == 2);
  CHECK(cluster.link_name(0) == "n0/gpu0>sw0");
  CHECK(cluster.link_name(11) == "n0/mem0>cpu0");
  CHECK(cluster.link_name(12) == "n0/nic0>fabric");
  CHECK(cluster.link_name(13) == "n0/fabric>nic0");
  CHECK(cluster.link_name(14) == "n1/gpu0>sw0");
  CHECK(cluster.link_name(41) == "n2/fabric>nic0");
  CHECK(cluster.link_bytes_per_s(12) == 25e9);
  CHECK(cluster.link_bytes_per_s(13) == 25e9);
  CHECK(cluster.link_bytes_per_s(14) == 50e9);
  CHECK(cluster.link_bytes_per_s(14 + 6) == 40e9);
}

TEST_CASE("every link of a cluster has a name of its own") {
  const Cluster cluster = load("hgx_h100_x2");
  std::vector<std::string> all;
  for (int link = 0; link < cluster.link_count(); ++link) all.push_back(cluster.link_name(link));
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  // 37 cables and 8 NICs a node, two directions each.
  CHECK(all.size() == 2 * 2 * (37 + 8));
}

TEST_CASE("GPUs of one node use the links of their own node") {
  const Cluster cluster = make(one_switch(), 3);
  CHECK(names(cluster, cluster.gpu_route(0, 1)) == "n0/gpu0>sw0 n0/sw0>gpu1");
  CHECK(names(cluster, cluster.gpu_route(5, 4)) == "n2/gpu1>sw0 n2/sw0>gpu0");
  CHECK(cluster.gpu_route(5, 4).path_class == PathClass::pix);
  CHECK(cluster.node_of(5) == 2);
}

TEST_CASE("GPUs of two nodes meet at the fabric through their nearest NICs") {
  const Cluster cluster = make(one_switch(), 3);
  const Route route = cluster.gpu_route(1, 4);
  CHECK(names(cluster, route) ==
        "n0/gpu1>sw0 n0/sw0>nic0 n0/nic0>fabric n2/fabric>nic0 n2/nic0>sw0 n2/sw0>gpu0");
  CHECK(route.path_class == PathClass::network);
  CHECK(route.latency_s == doctest::Approx(4 * 0.25e-6 + 2 * 1e-6));
  CHECK(route.bytes_per_s == 25e9);
}

TEST_CASE("without NICs the GPUs of two nodes have no path") {
  const Cluster cluster = make(hand_made().gpus(2).cable("gpu0", "gpu1"), 2);
  CHECK(cluster.gpu_route(0, 2).path_class == PathClass::none);
  CHECK(cluster.gpu_route(0, 1).path_class == PathClass::pix);
}

TEST_CASE("a request comes from the fabric through host memory to the GPU and its reply goes back") {
  const Cluster cluster = make(one_switch(), 2);
  const Route in = cluster.ingress(3);
  const Route out = cluster.egress(3);
  CHECK(names(cluster, in) ==
        "n1/fabric>nic0 n1/nic0>sw0 n1/sw0>rp0 n1/rp0>cpu0 n1/cpu0>mem0 "
        "n1/mem0>cpu0 n1/cpu0>rp0 n1/rp0>sw0 n1/sw0>gpu1");
  CHECK(names(cluster, out) ==
        "n1/gpu1>sw0 n1/sw0>rp0 n1/rp0>cpu0 n1/cpu0>mem0 "
        "n1/mem0>cpu0 n1/cpu0>rp0 n1/rp0>sw0 n1/sw0>nic0 n1/nic0>fabric");
  for (const Route& route : {in, out}) {
    CHECK(route.path_class == PathClass::network);
    CHECK(route.latency_s == doctest::Approx(1e-6 + 2 * 0.55e-6));
    CHECK(route.bytes_per_s == 25e9);
  }
}

TEST_CASE("each GPU of the RTX PRO 6000 node is reached over the NIC of its switch") {
  const Cluster cluster = load("rtx_pro_6000_pcie_x2");
  CHECK(cluster.gpu_count() == 16);
  CHECK(cluster.link_name(cluster.ingress(3).links.front()) == "n0/fabric>nic0");
  CHECK(cluster.link_name(cluster.ingress(4).links.front()) == "n0/fabric>nic1");
  CHECK(cluster.link_name(cluster.egress(15).links.back()) == "n1/nic1>fabric");
}

TEST_CASE("a request reaches a node without a NIC through its memory alone") {
  const HandMade node = hand_made()
                            .gpus(1)
                            .device("cpu0", DeviceKind::cpu_socket)
                            .device("mem0", DeviceKind::host_memory)
                            .cable("gpu0", "cpu0")
                            .cable("cpu0", "mem0");
  const Cluster cluster = make(node, 1);
  CHECK(names(cluster, cluster.ingress(0)) == "n0/mem0>cpu0 n0/cpu0>gpu0");
  CHECK(names(cluster, cluster.egress(0)) == "n0/gpu0>cpu0 n0/cpu0>mem0");
}

TEST_CASE("a cluster of a thousand nodes takes no more memory than one node and routes in it") {
  const HandMade node = one_switch();
  const auto heap = [&](int64_t count) {
    const size_t before = ::mallinfo2().uordblks;
    const Cluster cluster = make(node, count);
    return ::mallinfo2().uordblks - before;
  };
  heap(1);  // the allocator's own lists are filled
  const size_t one = heap(1);
  CHECK(heap(1000) == one);
  const Cluster cluster = make(node, 1000);
  CHECK(cluster.link_count() == 14'000);
  CHECK(cluster.link_name(cluster.gpu_route(0, 1999).links.back()) == "n999/sw0>gpu1");
  CHECK(cluster.gpu_route(1998, 1999).links == std::vector<DirectedLink>{999 * 14 + 0, 999 * 14 + 3});
}

TEST_CASE("a cluster is loaded with its nodes and fabric") {
  const Cluster cluster =
      load("{name: mine, node: hgx_h100, count: 4, fabric: {link_bandwidth: 400 Gbps, latency: 2us}}");
  CHECK(cluster.spec().name == "mine");
  CHECK(cluster.nodes() == 4);
  CHECK(cluster.gpu_count() == 32);
  CHECK(cluster.spec().fabric.bytes_per_s == 50e9);
  CHECK(cluster.spec().fabric.latency_s == doctest::Approx(2e-6));
  CHECK(cluster.node().name == "hgx_h100");
}

TEST_CASE("all mistakes of a cluster are told at once") {
  CHECK(message_of<ConfigError>([] { load("{name: mine, count: 0, fabric: {kind: ring}}"); }) ==
        "c.yaml:1:1: the cluster lacks the key 'node'\n"
        "    1 | {name: mine, count: 0, fabric: {kind: ring}}\n"
        "      | ^\n"
        "c.yaml:1:21: 'count' must be between 1 and 100000, not 0\n"
        "    1 | {name: mine, count: 0, fabric: {kind: ring}}\n"
        "      |                     ^\n"
        "c.yaml:1:32: 'fabric' lacks the key 'link_bandwidth'\n"
        "    1 | {name: mine, count: 0, fabric: {kind: ring}}\n"
        "      |                                ^\n"
        "c.yaml:1:39: unknown kind 'ring'\n"
        "    1 | {name: mine, count: 0, fabric: {kind: ring}}\n"
        "      |                                       ^~~~\n"
        "  valid: leaf_spine, rail, star, torus");
}

}  // namespace
}  // namespace agentsim::platform
