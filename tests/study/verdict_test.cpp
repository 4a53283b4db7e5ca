#include "analysis/study/verdict.hpp"

#include <doctest/doctest.h>

namespace agentsim::study {
namespace {

using statistics::OptionalValues;

const Terms kTerms{0.9, 0.05, 0.95, "rental_2026"};

Contender contender(const std::string& label, const OptionalValues& slo_sessions) {
  Contender c;
  c.label = label;
  c.gpu = label == "nvlink" ? "h100_sxm" : "rtx_pro_6000_server";
  c.gpus = 8;
  c.slo_sessions = statistics::estimate(slo_sessions, kTerms.confidence);
  c.usd_per_h = label == "nvlink" ? 23.6 : 13.52;
  c.busy_share = 0.95;
  c.path.decode_s = 20.0;
  c.path.queue_s = 4.0;
  c.path.tool_s = 100.0;
  return c;
}

Verdict verdict(const OptionalValues& slo, const OptionalValues& cost,
                const OptionalValues& baseline_slo = {0.99, 0.99, 0.99}) {
  const OptionalValues baseline_cost{1.0, 1.0, 1.0};
  return judge(contender("pcie", slo), contender("nvlink", baseline_slo),
               statistics::paired_ratio(cost, baseline_cost, kTerms.confidence), kTerms);
}

TEST_CASE("a platform that meets the SLO at a lower cost suffices") {
  const Verdict v = verdict({0.97, 0.96, 0.98}, {0.60, 0.62, 0.64});
  CHECK(v.outcome == Outcome::suffices);
  CHECK(v.text ==
        "pcie suffices: 97.0 ± 2.5 % of its sessions meet the SLO (90 % wanted), and one that does costs "
        "0.620 (0.572 to "
        "0.672) times what it costs on nvlink, within the limit of 1.05");
  CHECK(v.compared ==
        "compared: pcie (8 x rtx_pro_6000_server at 13.52 USD/h, busy 95 %) with nvlink (8 x h100_sxm at "
        "23.6 USD/h, busy "
        "95 %): equal numbers of GPUs, the same sessions at the same load on both (not the largest load that "
        "each could "
        "bear), price list rental_2026, 3 replications, 95 % confidence");
}

TEST_CASE("a platform within the tolerance suffices though it costs more") {
  CHECK(verdict({0.97, 0.96, 0.98}, {1.03, 1.04, 1.035}).outcome == Outcome::suffices);
}

TEST_CASE("a platform that meets the SLO at a cost above the tolerance suffices at higher cost") {
  const Verdict v = verdict({0.97, 0.96, 0.98}, {1.30, 1.31, 1.32});
  CHECK(v.outcome == Outcome::suffices_at_higher_cost);
  CHECK(v.text ==
        "pcie suffices at higher cost: 97.0 ± 2.5 % of its sessions meet the SLO (90 % wanted), and one that "
        "does costs "
        "1.310 (1.285 to 1.335) times what it costs on nvlink, above the limit of 1.05");
}

TEST_CASE("a platform that misses the SLO does not suffice, and what binds is named") {
  Contender pcie = contender("pcie", {0.60, 0.62, 0.61});
  pcie.limits_exceeded = {"TTFT p95 3.1 s (2 s wanted)"};
  pcie.path.queue_s = 60.0;
  const Verdict v = judge(pcie, contender("nvlink", {0.99, 0.99, 0.99}),
                          statistics::paired_ratio({0.5, 0.5, 0.5}, {1.0, 1.0, 1.0}, 0.95), kTerms);
  CHECK(v.outcome == Outcome::does_not_suffice);
  CHECK(v.binding == "queue");
  CHECK(v.text ==
        "pcie does not suffice: 61.0 ± 2.5 % of its sessions meet the SLO (90 % wanted); TTFT p95 3.1 s (2 s "
        "wanted); "
        "without tools and people, most of a session's critical path is the queue (too little capacity for "
        "this load): "
        "60 s, 75 %; replicas are busy 95 % of the time; against nvlink, the queue (too little capacity for "
        "this load) "
        "grew most, by 56 s");
}

TEST_CASE("a share of good sessions on either side of the wanted one decides nothing") {
  // mean 0.9113, s = 0.0251: with 22 replications t s / sqrt(n) = 2.080 x 0.0251 / 4.690 is below 0.0113
  const Verdict v = verdict({0.89, 0.905, 0.939}, {0.60, 0.62, 0.64});
  CHECK(v.outcome == Outcome::inconclusive);
  CHECK(v.text.find("on either side of what is wanted; about") != std::string::npos);
  REQUIRE(v.more_replications);
  CHECK(*v.more_replications == 19);
}

TEST_CASE("a cost on either side of the limit decides nothing and says how many replications would") {
  const Verdict v = verdict({0.97, 0.96, 0.98}, {1.00, 1.05, 1.04});
  CHECK(v.outcome == Outcome::inconclusive);
  REQUIRE(v.more_replications);
  CHECK(v.text.find("on either side of the limit of 1.05; about") != std::string::npos);
}

TEST_CASE("a cost at the limit itself is not decided by any number of replications") {
  const Verdict v = verdict({0.97, 0.96, 0.98}, {1.04, 1.05, 1.0600961538461537});
  CHECK(v.outcome == Outcome::inconclusive);
  CHECK_FALSE(v.more_replications);
  CHECK(v.text.find("it lies so near the limit that 1000 replications would not decide it") !=
        std::string::npos);
}

TEST_CASE("one replication decides nothing") {
  const Verdict v = judge(contender("pcie", {0.97}), contender("nvlink", {0.99}),
                          statistics::paired_ratio({0.6}, {1.0}, 0.95), kTerms);
  CHECK(v.outcome == Outcome::inconclusive);
  CHECK(v.text ==
        "pcie is inconclusive: one replication has no interval; in it 97.0 % of its sessions meet the SLO "
        "(90 % wanted), "
        "and one that does costs 0.6 times what it costs on nvlink; run at least 3 replications");
}

TEST_CASE("a baseline that misses the SLO itself is named") {
  const Verdict v = verdict({0.97, 0.96, 0.98}, {0.60, 0.62, 0.64}, {0.5, 0.5, 0.5});
  CHECK(v.outcome == Outcome::suffices);
  CHECK(v.text.find("; nvlink itself misses the SLO (50.0 ± 0.0 %)") != std::string::npos);
  CHECK(verdict({0.6, 0.6, 0.6}, {0.6, 0.6, 0.6}, {0.5, 0.5, 0.5}).outcome == Outcome::does_not_suffice);
}

TEST_CASE("where no session of the baseline meets the SLO, a platform that meets it suffices") {
  const Verdict v = judge(contender("pcie", {0.97, 0.96, 0.98}), contender("nvlink", {0.0, 0.0, 0.0}),
                          statistics::paired_ratio({1.0, 1.0, 1.0}, {{}, {}, {}}, 0.95), kTerms);
  CHECK(v.outcome == Outcome::suffices);
  CHECK(v.text ==
        "pcie suffices: 97.0 ± 2.5 % of its sessions meet the SLO (90 % wanted), and on nvlink no session "
        "does; nvlink "
        "itself misses the SLO (0.0 ± 0.0 %)");
}

TEST_CASE("a cost that is undefined decides nothing") {
  const Verdict v = verdict({0.97, 0.96, 0.98}, {0.6, {}, 0.6});
  CHECK(v.outcome == Outcome::inconclusive);
  CHECK(v.text.find("the cost of one is undefined") != std::string::npos);
}

TEST_CASE("replications without a session that counts decide nothing") {
  CHECK(verdict({0.97, {}, 0.98}, {0.6, 0.6, 0.6}).outcome == Outcome::inconclusive);
}

TEST_CASE("tools and people are never what binds") {
  serving::TimeSplit path;
  path.tool_s = 1000.0;
  path.human_s = 1000.0;
  path.fabric_s = 3.0;
  path.decode_s = 1.0;
  const PathPart part = largest_part(path);
  CHECK(std::string(part.name) == "fabric");
  CHECK(part.share == doctest::Approx(0.75));
}

}  // namespace
}  // namespace agentsim::study
