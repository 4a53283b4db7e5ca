#include "sim/platform/accelerator.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "sim/config/dumper.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::platform {
namespace {

Accelerator load(const std::string& yaml) {
  return load_accelerator(config::Value::parse(yaml, "g.yaml"));
}

std::string gpu(const std::string& tiles) {
  return "{name: g, memory: 80 GiB, memory_bandwidth: 2 TB/s, peak: {bf16: 100 TFLOP/s}, tdp: 300 W, "
         "efficiency: "
         "{gemm: {bf16: {tiles: " +
         tiles + "}}, prefill_attention: {}, decode_attention: {}, elementwise: {}}}";
}

TEST_CASE("the H100 is read in base units") {
  const Accelerator h100 = load("h100_sxm");
  CHECK(h100.memory_bytes == 81559.0 * 1048576.0);
  CHECK(h100.memory_bytes_per_s == 3.35e12);
  CHECK(h100.peak_flops("bf16") == 989e12);
  CHECK(h100.peak_flops("fp8") == 1979e12);
  CHECK(h100.sm_count == 132);
  CHECK(h100.l2_bytes == 50.0 * 1048576.0);
  CHECK(h100.tdp_w == 700.0);
  CHECK(h100.efficiency.gemm.at("bf16").tiles.size() == 4);
}

TEST_CASE("a data type that a GPU lacks has no peak") {
  CHECK(load("h100_sxm").peak_flops("nvfp4") == 0.0);
  CHECK(load("rtx_pro_6000_server").peak_flops("nvfp4") == 1871.2e12);
  CHECK(load("h100_sxm").peak_flops("fp64") == 0.0);
}

TEST_CASE("tiles are read as two numbers with a cross") {
  const Accelerator own = load(gpu("[64x128, 256x32]"));
  const auto& tiles = own.efficiency.gemm.at("bf16").tiles;
  REQUIRE(tiles.size() == 2);
  CHECK(tiles[0].m == 64.0);
  CHECK(tiles[0].n == 128.0);
  CHECK(tiles[1].n == 32.0);
}

TEST_CASE("what is no tile is told with an example") {
  for (const char* word : {"64", "64x", "x64", "64y128", "0x64", "64x128x2"}) {
    const std::string text = message_of<ConfigError>([&] { load(gpu("[" + std::string(word) + "]")); });
    CAPTURE(text);
    CHECK(text.find(": a tile is written as 128x256, not '" + std::string(word) + "'\n") !=
          std::string::npos);
  }
  const std::string text = message_of<ConfigError>([&] { load(gpu("[]")); });
  CHECK(text.find("'tiles' wants a list such as [128x128, 128x256]") != std::string::npos);
}

TEST_CASE("rules of tiles and tuned experts are read and written alike") {
  Efficiency e;
  Diagnostics diagnostics;
  const config::Value map = config::Value::parse(
      "gemm: {fp8: {rules: [16x8192->16x64, 16x*->32x64]}}\nmoe: {fp8: {tuned: [8x14336]}}\n"
      "prefill_attention: {}\ndecode_attention: {}\nelementwise: {}\n",
      "e.yaml");
  config::read_map(map, "'efficiency'", e, diagnostics);
  diagnostics.throw_if_any();
  const auto& rules = e.gemm.at("fp8").rules;
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].n == 8192.0);
  CHECK(rules[1].n > 1e300);
  CHECK(rules[1].tile.m == 32.0);
  CHECK(dump_json(rules).dump() == "[\"16x8192->16x64\",\"16x*->32x64\"]");
  CHECK(dump_json(e.moe.at("fp8").tuned).dump() == "[\"8x14336\"]");
}

TEST_CASE("what is no rule and no shape of experts is told with an example") {
  const auto told = [](const std::string& curves) {
    return message_of<ConfigError>([&] {
      Efficiency e;
      Diagnostics diagnostics;
      const config::Value map = config::Value::parse(
          curves + "\nprefill_attention: {}\ndecode_attention: {}\nelementwise: {}\n", "e.yaml");
      config::read_map(map, "'efficiency'", e, diagnostics);
      diagnostics.throw_if_any();
    });
  };
  for (const char* rule : {"16x8192", "16->16x64", "16x8192->16", "16x8192->16x*", "0x8192->16x64"})
    CHECK(told("gemm: {fp8: {rules: [" + std::string(rule) + "]}}")
              .find("a rule is written as 16x8192->16x64, not '" + std::string(rule) + "'") !=
          std::string::npos);
  CHECK(told("gemm: {fp8: {}}\nmoe: {fp8: {tuned: [8]}}")
            .find("experts and their width are written as 8x14336, not '8'") != std::string::npos);
}

TEST_CASE("a GPU that lacks its peaks and curves is refused with all that is missing") {
  const std::string text = message_of<ConfigError>([] { load("{name: g}"); });
  for (const char* key : {"memory", "memory_bandwidth", "peak", "tdp", "efficiency"}) {
    CAPTURE(std::string(key));
    CHECK(text.find("the gpu lacks the key '" + std::string(key) + "'") != std::string::npos);
  }
}

TEST_CASE("experts kept as mxfp4 are handed on to relatives, which multiply them in bf16") {
  const Accelerator own = load_accelerator(config::Value::parse("h100_sxm", "t"));
  const Accelerator relative = load_accelerator(config::Value::parse("h200_sxm", "t"));
  REQUIRE(own.efficiency.moe.count("mxfp4") == 1);
  REQUIRE(relative.efficiency.moe.count("mxfp4") == 1);
  CHECK(relative.efficiency.moe.at("mxfp4").launch_s == own.efficiency.moe.at("mxfp4").launch_s);
}

}  // namespace
}  // namespace agentsim::platform
