#include "analysis/study/study_spec.hpp"

#include <doctest/doctest.h>

#include "tests/study/helpers.hpp"

namespace agentsim::study {
namespace {

std::string errors_of(const std::string& more) {
  const workload::TestFolder folder;
  try {
    load_study(scenario(folder, more));
    return "";
  } catch (const ConfigError& error) {
    return workload::without_folders(error.what());
  }
}

TEST_CASE("a study has defaults and its baseline is the first platform listed") {
  const workload::TestFolder folder;
  const StudySpec study = load_study(scenario(folder, "prices: rental_2026\n"));
  CHECK(study.tolerance == 0.05);
  CHECK(study.confidence == 0.95);
  CHECK(study.baseline == "nvlink");
  REQUIRE(study.prices.size() == 1);
  CHECK(study.prices[0].name == "rental_2026");
}

TEST_CASE("a study reads its terms and several price lists in their order") {
  const workload::TestFolder folder;
  const StudySpec study = load_study(scenario(
      folder,
      "prices: [owned_2026, rental_2026]\nstudy: {tolerance: 0.1, confidence: 0.9, baseline: pcie}\n"));
  CHECK(study.tolerance == 0.1);
  CHECK(study.confidence == 0.9);
  CHECK(study.baseline == "pcie");
  CHECK(study.prices[0].name == "owned_2026");
  CHECK(study.prices[1].name == "rental_2026");
}

TEST_CASE("a comparison without prices is told which there are") {
  CHECK(errors_of("") ==
        "s.yaml:1:1: the scenario lacks the key 'prices', without which no costs can be compared\n"
        "    1 | title: Two platforms\n"
        "      | ^\n"
        "  valid: owned_2026, rental_2026");
}

TEST_CASE("all mistakes of a study are told in one go") {
  CHECK(errors_of(
            "prices: [rental_2062, rental_2026, rental_2026]\nstudy: {tolerence: 0.1, baseline: nvlnk}\n") ==
        "s.yaml:9:10: unknown price list 'rental_2062'\n"
        "    9 | prices: [rental_2062, rental_2026, rental_2026]\n"
        "      |          ^~~~~~~~~~~ did you mean 'rental_2026'?\n"
        "  valid: owned_2026, rental_2026\n"
        "s.yaml:9:36: two price lists are called 'rental_2026'\n"
        "    9 | prices: [rental_2062, rental_2026, rental_2026]\n"
        "      |                                    ^~~~~~~~~~~\n"
        "s.yaml:10:9: the study has no key 'tolerence'\n"
        "   10 | study: {tolerence: 0.1, baseline: nvlnk}\n"
        "      |         ^~~~~~~~~ did you mean 'tolerance'?\n"
        "  valid: baseline, confidence, tolerance\n"
        "s.yaml:10:35: unknown baseline 'nvlnk'\n"
        "   10 | study: {tolerence: 0.1, baseline: nvlnk}\n"
        "      |                                   ^~~~~ did you mean 'nvlink'?\n"
        "  valid: nvlink, pcie");
}

TEST_CASE("a price that a platform lacks is told before anything runs") {
  CHECK(errors_of(
            "prices: {name: mine, basis: rental, gpu_hour: {h100_sxm: {price: 2 USD/h, source: s, verified: "
            "estimated}}}\n") ==
        "s.yaml:9:9: the price list 'mine' has no rent of the gpu 'rtx_pro_6000_server', which the platform "
        "'pcie' needs\n"
        "    9 | prices: {name: mine, basis: rental, gpu_hour: {h100_sxm: {price: 2 USD/h, source: s, "
        "verified: "
        "estimated}}}\n"
        "      |         ^\n"
        "  valid: h100_sxm\n"
        "  note: add 'rtx_pro_6000_server' to 'gpu_hour' of the price list");
}

TEST_CASE("a platform that is compared alone is its own baseline") {
  const workload::TestFolder folder;
  Scenario alone = scenario(folder, "prices: rental_2026\nstudy: {baseline: nvlink}\n");
  alone.platforms.erase(alone.platforms.begin());
  CHECK(load_study(alone).baseline == "pcie");
}

}  // namespace
}  // namespace agentsim::study
