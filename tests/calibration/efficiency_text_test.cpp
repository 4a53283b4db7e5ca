#include "analysis/calibration/efficiency_text.hpp"

#include <doctest/doctest.h>

#include "tests/model/shipped.hpp"

namespace agentsim::calibration {
namespace {

TEST_CASE("constants are written as they are read, defaults left out") {
  platform::Efficiency e;
  e.gemm["bf16"].launch_s = 1.5e-6;
  e.gemm["bf16"].warm = {0.2, 1.5};
  e.decode_attention["bf16"].per_sequence_s = 4.2e-9;
  e.decode_attention["bf16"].head_stream_bytes_per_s = 945e9;
  e.elementwise.memory = 0.6;
  CHECK(efficiency_yaml(e) ==
        "efficiency:\n"
        "  gemm:\n"
        "    bf16: {launch: 1.5us, warm: {l2: 0.2, memory: 1.5}}\n"
        "  decode_attention:\n"
        "    bf16: {per_sequence: 4.2ns, head_stream: 945 GB/s}\n"
        "  elementwise: {memory: 0.6}\n");
}

TEST_CASE("a shipped GPU's curves are read back as they were written") {
  for (const char* name : {"a100_sxm_80gb", "h100_sxm", "l40s", "rtx_pro_6000_server"}) {
    const platform::Accelerator gpu = model::gpu(name);
    const config::Value block = config::Value::parse(efficiency_yaml(gpu.efficiency), "written.yaml");
    platform::Efficiency back;
    Diagnostics diagnostics;
    config::read_map(*block.find("efficiency"), "'efficiency'", back, diagnostics);
    diagnostics.throw_if_any();
    CHECK(efficiency_yaml(back) == efficiency_yaml(gpu.efficiency));
  }
}

TEST_CASE("only the curves of a GPU's file and what it says of them change") {
  const std::string before =
      "# A GPU.\n"
      "name: toy\n"
      "efficiency_from: h100_sxm\n"
      "efficiency:   # laid over\n"
      "  elementwise: {launch: 9us}\n"
      "provenance:\n"
      "  tdp: {source: \"somebody\", verified: datasheet}\n"
      "  efficiency: {source: \"curves of h100_sxm\", verified: estimated}\n";
  platform::Efficiency e;
  e.elementwise.launch_s = 2e-6;
  const Curve curve{Op::elementwise, "", {20, 0.1, 0.2, -0.05}, {21, 0.125, 0.25, 0.0}};
  CHECK(with_efficiency(before, e, {curve}, "a table") ==
        "# A GPU.\n"
        "name: toy\n"
        "efficiency:\n"
        "  elementwise: {launch: 2us}\n"
        "provenance:\n"
        "  tdp: {source: \"somebody\", verified: datasheet}\n"
        "  efficiency:\n"
        "    source: \"a table\"\n"
        "    verified: measured\n"
        "    residuals:   # absolute relative error, on the half that was held out and on the half that was "
        "fitted\n"
        "      elementwise: {held_out: {median: 0.125, p90: 0.250, bias: 0.000, rows: 21},\n"
        "          fitted: {median: 0.100, p90: 0.200, bias: -0.050, rows: 20}}\n");
}

}  // namespace
}  // namespace agentsim::calibration
