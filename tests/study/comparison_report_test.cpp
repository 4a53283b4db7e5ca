#include <doctest/doctest.h>

#include <algorithm>

#include "tests/study/helpers.hpp"

namespace agentsim::study {
namespace {

// Replications whose times and goodput rise by a tenth each.
std::vector<Run> runs(const Scenario& scenario, size_t platform, const StudySpec& study, double factor) {
  std::vector<Run> all;
  for (int r = 0; r < 3; ++r) {
    const double jitter = 1.0 + 0.1 * r;
    all.push_back(read_run(summary(1, factor * jitter, 0.01 * jitter), run_manifest(std::to_string(r), "f"),
                           scenario.platforms[platform], study.prices));
  }
  return all;
}

std::string report_of(const std::string& more) {
  const workload::TestFolder folder;
  const Scenario s = scenario(folder, more);
  const StudySpec study = load_study(s);
  std::vector<std::vector<Run>> all;
  for (size_t p = 0; p < s.platforms.size(); ++p) all.push_back(runs(s, p, study, p == 0 ? 1.0 : 1.5));
  return report(summarise(s, study, all));
}

size_t widest_line(const std::string& text) {
  size_t widest = 0, columns = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) ++columns;
    if (c == '\n') columns = 0;
    widest = std::max(widest, columns);
  }
  return widest;
}

TEST_CASE("the report shows figures with intervals, paired ratios, costs by price list and the verdict") {
  const std::string text = report_of("prices: rental_2026\n");
  CHECK(text.substr(0, text.find("TTFT p95")) == "");
  CHECK(widest_line(text) <= 100);
}

TEST_CASE("more than two platforms are shown three at a time, the baseline first") {
  const std::string text = report_of(
      "  - {label: a_platform_with_a_very_long_name, platform: hgx_h100_x2}\n"
      "  - {label: d, platform: hgx_h100_x1}\n"
      "prices: [rental_2026, owned_2026]\nstudy: {baseline: pcie}\n");
  CHECK(widest_line(text) <= 100);
  CHECK(text.find("a_platform..ry_long_name") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::study
