#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/config/dumper.hpp"
#include "sim/config/library.hpp"
#include "sim/platform/cluster.hpp"
#include "tests/base/test_folder.hpp"
#include "tests/platform/hand_made.hpp"

namespace agentsim::platform {
namespace {

config::Value word(const std::string& text) {
  return config::Value::parse(text, "t.yaml");
}
Accelerator gpu(const std::string& text) {
  return load_accelerator(word(text));
}
NodeTopology node(const std::string& text) {
  return NodeTopology(load_node(word(text)));
}

const Route& between(const NodeTopology& topology, const std::string& from, const std::string& to) {
  return topology.route(device_named(topology.node(), from), device_named(topology.node(), to));
}

// A measured path: class, GB/s and us, within 2 %.
void expect(const std::string& node_name, const std::string& from, const std::string& to,
            const std::string& path, double gigabytes_per_s, double microseconds) {
  const NodeTopology topology = node(node_name);
  CAPTURE(node_name);
  CAPTURE(from);
  CAPTURE(to);
  CHECK(path_class(topology, from, to) == path);
  for (const Route* route : {&between(topology, from, to), &between(topology, to, from)}) {
    CHECK(route->bytes_per_s == doctest::Approx(gigabytes_per_s * 1e9).epsilon(0.02));
    CHECK(route->latency_s == doctest::Approx(microseconds * 1e-6).epsilon(0.02));
  }
}

template <class Curves>
std::vector<std::string> types(const Curves& curves) {
  std::vector<std::string> all;
  for (const auto& [type, curve] : curves) all.push_back(type);
  return all;
}

using Words = std::vector<std::string>;

TEST_CASE("every accelerator of the catalogue is there") {
  Words wanted{"a10",
               "a40",
               "a100_pcie_40gb",
               "a100_pcie_80gb",
               "a100_sxm_80gb",
               "l4",
               "l40s",
               "rtx_4090",
               "rtx_5090",
               "rtx_pro_6000_workstation",
               "h100_pcie",
               "h100_nvl",
               "h100_sxm",
               "rtx_pro_6000_server",
               "h200_nvl",
               "h200_sxm",
               "b200_sxm",
               "b300_sxm",
               "gb200",
               "gb300",
               "mi300x",
               "mi325x",
               "mi355x",
               "gaudi_3",
               "tpu_v5e",
               "tpu_v5p",
               "tpu_v6e",
               "tpu_v7",
               "groq_lpu_v1",
               "groq_3_lpu"};
  const Words names = config::Library::names("platforms/gpus");
  CHECK(wanted.size() == 30);
  for (const std::string& name : wanted) {
    CAPTURE(name);
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  }
}

TEST_CASE("every accelerator loads and has a curve for each data type it has a peak for") {
  for (const std::string& name : config::Library::names("platforms/gpus")) {
    CAPTURE(name);
    const Accelerator a = gpu(name);
    CHECK(a.name == name);
    CHECK_FALSE(a.vendor.empty());
    CHECK(a.idle_w < a.tdp_w);
    for (const char* type : {"bf16", "fp8", "nvfp4"}) {
      CAPTURE(std::string(type));
      CHECK(a.efficiency.gemm.count(type) == (a.peak_flops(type) > 0.0 ? 1 : 0));
    }
    for (const char* type : {"bf16", "fp8"}) {
      CHECK(a.efficiency.prefill_attention.count(type) == (a.peak_flops(type) > 0.0 ? 1 : 0));
      CHECK(a.efficiency.decode_attention.count(type) == (a.peak_flops(type) > 0.0 ? 1 : 0));
    }
  }
}

TEST_CASE("every node loads and every pair of its accelerators has a route") {
  const Words names = config::Library::names("platforms/nodes");
  CHECK(names.size() >= 15);
  for (const std::string& name : names) {
    CAPTURE(name);
    const NodeTopology topology = node(name);
    CHECK(topology.node().name == name);
    const std::vector<int> gpus = topology.node().of_kind(DeviceKind::gpu);
    size_t without = 0;
    for (const int a : gpus) {
      for (const int b : gpus) without += a != b && !(topology.route(a, b).bytes_per_s > 1e9) ? 1 : 0;
      CHECK(topology.nearest(a, DeviceKind::host_memory) >= 0);
      CHECK(topology.nearest(a, DeviceKind::nic) >= 0);
    }
    CHECK(without == 0);
  }
}

TEST_CASE("every cluster loads, and every node has a cluster of one") {
  std::map<std::string, int> ones;
  for (const std::string& name : config::Library::names("platforms/clusters")) {
    CAPTURE(name);
    const Cluster cluster = load_cluster(word(name));
    CHECK(cluster.spec().name == name);
    if (cluster.nodes() == 1) ++ones[cluster.node().name];
    CHECK(cluster.ingress(0).bytes_per_s > 0.0);
    if (cluster.nodes() > 1)
      CHECK(cluster.gpu_route(0, cluster.gpu_count() - 1).path_class == PathClass::network);
  }
  for (const std::string& name : config::Library::names("platforms/nodes")) {
    CAPTURE(name);
    CHECK(ones[name] == 1);
  }
}

TEST_CASE("nodes have the peer-to-peer rates and latencies that were measured") {
  // rtx6kpro community measurements: under one switch, across switches, direct attach on one socket and
  // across two.
  expect("rtx_pro_6000_pcie_8gpu", "gpu0", "gpu3", "PIX", 54.0, 0.45);
  expect("rtx_pro_6000_pcie_8gpu", "gpu0", "gpu7", "SYS", 38.0, 1.07);
  expect("rtx_pro_6000_direct_8gpu", "gpu0", "gpu3", "PHB", 55.8, 0.37);
  expect("rtx_pro_6000_direct_8gpu", "gpu0", "gpu4", "SYS", 51.0, 0.44);
  expect("rtx_pro_6000_mgx_8gpu", "gpu0", "gpu1", "PIX", 54.0, 0.45);
  expect("rtx_pro_6000_mgx_8gpu", "gpu0", "gpu2", "PHB", 38.0, 1.07);
  expect("rtx_pro_6000_mgx_8gpu", "gpu0", "gpu7", "SYS", 38.0, 1.07);
}

TEST_CASE("the figures of platforms/paths.yaml are what routes of the nodes give back") {
  size_t held = 0;
  for (const std::string& name : config::Library::names("platforms/nodes")) {
    const NodeTopology topology = node(name);
    const PathBook& book = topology.node().paths;
    const std::map<PathClass, const PathFigures*> figures{{PathClass::pix, &book.same_switch},
                                                          {PathClass::phb, &book.same_socket},
                                                          {PathClass::sys, &book.cross_socket},
                                                          {PathClass::staged, &book.host_staged}};
    const std::vector<int> gpus = topology.node().of_kind(DeviceKind::gpu);
    for (const int a : gpus) {
      for (const int b : gpus) {
        const Route& route = topology.route(a, b);
        const auto found = figures.find(route.path_class);
        if (a == b || found == figures.end()) continue;
        CAPTURE(name);
        CAPTURE(short_name(route.path_class));
        if (found->second->bytes_per_s > 0.0)
          CHECK(route.bytes_per_s == doctest::Approx(found->second->bytes_per_s).epsilon(0.02));
        if (found->second->latency_s > 0.0)
          CHECK(route.latency_s == doctest::Approx(found->second->latency_s).epsilon(0.04));
        ++held;
      }
    }
  }
  CHECK(held > 300);
}

TEST_CASE("without peer-to-peer a message is staged in host memory and takes what was measured") {
  expect("rtx_5090_4gpu", "gpu0", "gpu3", "HOST", 55.8, 14.0);
  const NodeTopology topology = node("rtx_4090_4gpu");
  CHECK(way(topology, "gpu0", "gpu1") == "gpu0>rp0 rp0>cpu0 cpu0>mem0 mem0>cpu0 cpu0>rp1 rp1>gpu1");
  CHECK(between(topology, "gpu0", "gpu1").latency_s == doctest::Approx(14e-6).epsilon(0.02));
}

TEST_CASE("NVLink switches and bridges have the nominal rate of a port") {
  const std::map<std::string, double> switched{
      {"hgx_a100", 300}, {"hgx_h100", 450}, {"hgx_h200", 450}, {"hgx_b200", 900}, {"hgx_b300", 900}};
  for (const auto& [name, rate] : switched) expect(name, "gpu0", "gpu7", "NV", rate, 1.0);
  expect("gb200_nvl72", "gpu0", "gpu71", "NV", 900, 1.0);
  expect("h200_nvl_bridge2_8gpu", "gpu0", "gpu1", "NV", 450, 0.8);
  expect("h100_nvl_bridge2_8gpu", "gpu6", "gpu7", "NV", 300, 0.8);
  expect("h100_pcie_bridge2_8gpu", "gpu2", "gpu3", "NV", 300, 0.8);
  // What no bridge joins goes over PCIe.
  expect("h200_nvl_bridge2_8gpu", "gpu1", "gpu2", "PIX", 54.0, 0.45);
  expect("h100_nvl_bridge2_8gpu", "gpu3", "gpu4", "SYS", 38.0, 1.07);
  // Three peers of a 4-way bridge share 450 GB/s.
  for (const char* peer : {"gpu1", "gpu2", "gpu3"})
    expect("h200_nvl_bridge4_8gpu", "gpu0", peer, "NV", 150, 0.8);
  expect("h200_nvl_bridge4_8gpu", "gpu3", "gpu4", "SYS", 38.0, 1.07);
}

TEST_CASE("the Infinity Fabric of the MI300X joins every pair directly") {
  const NodeTopology topology = node("mi300x_8gpu");
  for (const int a : topology.node().of_kind(DeviceKind::gpu))
    for (const int b : topology.node().of_kind(DeviceKind::gpu)) {
      if (a == b) continue;
      CHECK(topology.route(a, b).path_class == PathClass::nvlink);
      CHECK(topology.route(a, b).links.size() == 1);
      CHECK(topology.route(a, b).bytes_per_s == doctest::Approx(50e9).epsilon(0.02));
    }
}

TEST_CASE("accelerators forward on ICI and on no other link") {
  const HandMade square = hand_made()
                              .gpus(3)
                              .device("sw0", DeviceKind::pcie_switch)
                              .cable("gpu0", "sw0")
                              .cable("gpu1", "sw0")
                              .cable("gpu2", "sw0");
  const auto line = [&](const std::string& kind) {
    return HandMade(square)
        .cable("gpu0", "gpu1", kind, 50.0, 1.0)
        .cable("gpu1", "gpu2", kind, 50.0, 1.0)
        .topology();
  };
  CHECK(way(line("ici"), "gpu0", "gpu2") == "gpu0>gpu1 gpu1>gpu2");
  CHECK(path_class(line("ici"), "gpu0", "gpu2") == "NV");
  CHECK(way(line("infinity_fabric"), "gpu0", "gpu1") == "gpu0>gpu1");
  CHECK(way(line("infinity_fabric"), "gpu0", "gpu2") == "gpu0>sw0 sw0>gpu2");
}

TEST_CASE("chips of a TPU slice and of a Groq rack reach each other in as few hops as the graph allows") {
  const NodeTopology slice = node("tpu_v5e_2x4");
  CHECK(between(slice, "gpu0", "gpu1").links.size() == 1);
  CHECK(between(slice, "gpu0", "gpu7").links.size() == 4);
  const NodeTopology rack = node("groq_v1_rack");
  const std::vector<int> lpus = rack.node().of_kind(DeviceKind::gpu);
  size_t longest = 0;
  for (const int a : lpus)
    for (const int b : lpus) longest = std::max(longest, rack.route(a, b).links.size());
  CHECK(lpus.size() == 64);
  CHECK(longest == 3);
}

TEST_CASE("a tray of the NVL72 rack keeps its memory and NICs to itself") {
  const NodeTopology rack = node("gb200_nvl72");
  CHECK(rack.node().gpu_count() == 72);
  CHECK(way(rack, "gpu5", "mem2") == "gpu5>cpu2 cpu2>mem2");
  CHECK(path_class(rack, "gpu5", "mem3") == "SYS");
  CHECK(path_class(rack, "gpu5", "mem4") == "-");
  CHECK(path_class(rack, "gpu5", "nic70") == "-");
}

std::string small_gpu(const std::string& peak, const std::string& rest) {
  return "{name: g, memory: 80 GiB, memory_bandwidth: 2 TB/s, peak: {" + peak + "}, tdp: 300 W, " + rest +
         "}";
}

TEST_CASE("an accelerator takes the curves of the one it names, and says so") {
  const Accelerator own = gpu("h100_sxm");
  const Accelerator taken =
      gpu(small_gpu("bf16: 100 TFLOP/s, fp8: 200 TFLOP/s", "efficiency_from: h100_sxm"));
  CHECK(config::dump(taken.efficiency) == config::dump(own.efficiency));
  CHECK(config::dump(taken.quantise_fused) == config::dump(own.quantise_fused));
  CHECK(taken.peak.bf16 == 100e12);
  CHECK(config::dump(taken)["efficiency_from"] == "h100_sxm");
  CHECK(config::dump(own)["efficiency_from"] == "");
}

TEST_CASE("curves of data types that an accelerator lacks are not taken") {
  const Accelerator a = gpu(small_gpu("bf16: 100 TFLOP/s", "efficiency_from: rtx_pro_6000_server"));
  CHECK(types(a.efficiency.gemm) == Words{"bf16"});
  CHECK(types(a.efficiency.prefill_attention) == Words{"bf16"});
  CHECK(types(a.efficiency.decode_attention) == Words{"bf16"});
}

TEST_CASE("an accelerator's own curves are laid over those it takes") {
  const Accelerator own = gpu("h100_sxm");
  const Accelerator a = gpu(
      small_gpu("bf16: 100 TFLOP/s, nvfp4: 400 TFLOP/s",
                "efficiency_from: h100_sxm, efficiency: {gemm: {bf16: {wave: 0us}, nvfp4: {compute: 0.5}}}"));
  CHECK(types(a.efficiency.gemm) == Words{"bf16", "nvfp4"});
  CHECK(a.efficiency.gemm.at("bf16").wave_s == 0.0);
  CHECK(a.efficiency.gemm.at("bf16").compute == own.efficiency.gemm.at("bf16").compute);
  CHECK(a.efficiency.gemm.at("nvfp4").compute == 0.5);
  CHECK(a.efficiency.elementwise.memory == own.efficiency.elementwise.memory);
}

TEST_CASE("curves of an unknown accelerator are refused with the nearest name") {
  const std::string text =
      message_of<ConfigError>([] { gpu(small_gpu("bf16: 100 TFLOP/s", "efficiency_from: h100_smx")); });
  CHECK(text.find(": unknown gpu 'h100_smx'\n") != std::string::npos);
  CHECK(text.find("did you mean 'h100_sxm'?") != std::string::npos);
}

TEST_CASE("curves are taken over one step only, so that no loop is possible") {
  const std::string chain =
      message_of<ConfigError>([] { gpu(small_gpu("bf16: 100 TFLOP/s", "efficiency_from: h200_sxm")); });
  CHECK(chain.find("'h200_sxm' has no efficiency curves of its own: it takes those of 'h100_sxm'\n") !=
        std::string::npos);
  const TestFolder folder;
  folder.write("b.yaml", small_gpu("bf16: 1 TFLOP/s", "efficiency_from: a.yaml"));
  const std::string a = folder.write("a.yaml", small_gpu("bf16: 1 TFLOP/s", "efficiency_from: b.yaml"));
  const std::string loop = message_of<ConfigError>([&] { gpu(a); });
  CHECK(loop.find("'b.yaml' has no efficiency curves of its own: it takes those of 'a.yaml'\n") !=
        std::string::npos);
  folder.write("c.yaml", "{name: c}");
  const std::string d = folder.write("d.yaml", small_gpu("bf16: 1 TFLOP/s", "efficiency_from: c.yaml"));
  const std::string none = message_of<ConfigError>([&] { gpu(d); });
  CHECK(none.find("'c.yaml' has no efficiency curves of its own\n") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::platform
