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

constexpr const char* kReport = R"(s: Two platforms
3 replications, each with the same sessions on every platform; means ± 95 % Student-t intervals

                                            nvlink                    pcie             ratio, paired
GPUs                                  8 x h100_sxm 8 x rtx_pro_6000_server
replicas                                2 x 4 GPUs              2 x 4 GPUs
TTFT p50, s                            1.10 ± 0.25             1.65 ± 0.37                       1.5
TTFT p95, s                                      -                       -                         -
TPOT p50, ms                                    20                      20                         1
TPOT p95, ms                                     -                       -                         -
active session, mean, s                         30                      30                         1
active session, p90, s                          30                      30                         1
sessions meeting SLO, %                         96                      96                         1
sessions/h                                      72                      72                         1
goodput, sessions/h                     39.6 ± 8.9              39.6 ± 8.9                         1
prefix cache hits, %                             0                       0                         -
replicas busy, %                                50                      50                         1
exposed collectives, %                          20                      20                         1
MFU, %                                          10                      10                         1
MBU, %                                          30                      30                         1
GPU power (estimate), kW                      2.85                   2.292                    0.8042
prices: rental_2026
USD/h                                         23.6                   13.52                    0.5729
USD/session                                 0.3278                  0.1878                    0.5729
USD/session meeting SLO                0.60 ± 0.14           0.343 ± 0.078                    0.5729
USD/M output tokens                          65.56                   37.56                    0.5729
USD/M tokens, in and out                     6.556                   3.756                    0.5729

pcie suffices: 96.0 ± 0.0 % of its sessions meet the SLO (90 % wanted), and one that does costs
  0.5729 times what it costs on nvlink, within the limit of 1.05
compared: pcie (8 x rtx_pro_6000_server at 13.52 USD/h, busy 50 %) with nvlink (8 x h100_sxm at 23.6
  USD/h, busy 50 %): equal numbers of GPUs, the same sessions at the same load on both (not the
  largest load that each could bear), price list rental_2026, 3 replications, 95 % confidence

note: a note of the run
note: ttft_s_p95, tpot_s_p95 on nvlink undefined in some replication; a percentile wants ten values
  beyond it
note: ttft_s_p95, tpot_s_p95 on pcie undefined in some replication; a percentile wants ten values
  beyond it

)";

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
  CHECK(text.substr(0, text.find("fingerprint")) == kReport);
  CHECK(widest_line(text) <= 100);
}

TEST_CASE("more than two platforms are shown three at a time, the baseline first") {
  const std::string text = report_of(
      "  - {label: a_platform_with_a_very_long_name, platform: hgx_h100_x2}\n"
      "  - {label: d, platform: hgx_h100_x1}\n"
      "prices: [rental_2026, owned_2026]\nstudy: {baseline: pcie}\n");
  CHECK(widest_line(text) <= 100);
  CHECK(text.find("a_platform..y_long_name") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::study
