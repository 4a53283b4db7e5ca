#include <doctest/doctest.h>

#include "analysis/study/compare.hpp"
#include "tests/simulation/helpers.hpp"

// One deployment over an HGX H100 node and two boards of RTX PRO 6000: replicas 0 and 1 are on the former.
namespace agentsim {
namespace {

std::string scenario(const std::string& platforms,
                     const std::string& arrival = "{kind: closed, concurrency: 1}") {
  return "workload: {sessions: 60, source: single_call, single_call: {prompt: 500, output: 50}, arrival: " +
         arrival +
         "}\ndeployment: {model: llama_3_1_8b, tp: 4, router: random, engine: vllm_v1}\nplatforms: [" +
         platforms + "]\nprices: [rental_2026]\nreplications: 2\n";
}

TEST_CASE("calls of a mixed cluster take the time of the node they run on") {
  // Given calls one after the other, each alone on its replica, then those of each kind of node take what they take there.
  const Table mixed(run_text(scenario("mixed_hgx_h100_rtx_pro_6000")).at("calls.csv"));
  const Table nvlink(run_text(scenario("hgx_h100_x1")).at("calls.csv"));
  const Table pcie(run_text(scenario("rtx_pro_6000_pcie_x2")).at("calls.csv"));
  const double nvlink_s = nvlink.at(0, "tpot_s");
  const double pcie_s = pcie.at(0, "tpot_s");
  CHECK(pcie_s > 1.3 * nvlink_s);
  int on_nvlink = 0;
  for (size_t row = 0; row < mixed.size(); ++row) {
    const bool first_group = mixed.at(row, "replica") < 2;
    on_nvlink += first_group ? 1 : 0;
    CHECK(mixed.at(row, "tpot_s") == doctest::Approx(first_group ? nvlink_s : pcie_s).epsilon(1e-6));
  }
  // Six replicas of equal chance, 60 calls: 20 are expected on the first two.
  CHECK(on_nvlink > 8);
  CHECK(on_nvlink < 32);
}

TEST_CASE("a comparison prices a mixed cluster by the GPUs of each group") {
  const TestFolder folder;
  const Scenario s = load_scenario(folder.write(
      "s.yaml", scenario("hgx_h100_x1, mixed_hgx_h100_rtx_pro_6000", "{kind: poisson, rate: 2/s}")));
  const std::string out = folder.write("marker", "") + ".out";
  const study::Comparison comparison = study::compare(s, {out, 1, true, "agentsim compare s.yaml"});
  REQUIRE(comparison.platforms.size() == 2);
  CHECK(comparison.platforms[1].gpu == "h100_sxm and rtx_pro_6000_server");
  CHECK(comparison.platforms[1].gpus == 24);
  CHECK(comparison.platforms[1].replicas == 6);
  // 8 H100 at 2.95 USD/h and 16 RTX PRO 6000 at 1.69.
  CHECK(comparison.platforms[0].figure("usd_per_h", "rental_2026").estimate.mean.value() ==
        doctest::Approx(23.6));
  CHECK(comparison.platforms[1].figure("usd_per_h", "rental_2026").estimate.mean.value() ==
        doctest::Approx(23.6 + 16 * 1.69));
}

}  // namespace
}  // namespace agentsim
