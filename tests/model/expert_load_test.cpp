#include "sim/model/expert_load.hpp"

#include <doctest/doctest.h>

namespace agentsim::model {
namespace {

MeasuredMoE row(double tokens, double experts, double ep, const char* distribution) {
  MeasuredMoE r;
  r.tokens = tokens;
  r.topk = 8;
  r.experts = experts;
  r.ep = ep;
  r.distribution = distribution;
  return r;
}

TEST_CASE("a balanced load is the same on each GPU") {
  // 16 tokens x 8 visits over 4 GPUs: 32 rows on 32 experts.
  const ExpertLoad load = expert_load(row(16, 128, 4, "balanced"));
  CHECK(load.rows == 32.0);
  CHECK(load.touched == 32.0);
  CHECK(expert_load(row(1, 128, 4, "balanced")).touched == 2.0);
}

TEST_CASE("all visits of a power law stay on one GPU that holds all experts") {
  for (const double tokens : {1.0, 7.0, 300.0, 5000.0}) {
    const ExpertLoad load = expert_load(row(tokens, 128, 1, "power_law_1.2"));
    CHECK(load.rows == tokens * 8.0);
    CHECK(load.touched <= 128.0);
  }
}

TEST_CASE("few visits of a power law go to as many experts, the first ones") {
  // One token: every load rounds to 0, and its eight visits go to experts 0 to 7, all on the first of 16 GPUs.
  const ExpertLoad load = expert_load(row(1, 256, 16, "power_law_1.01"));
  CHECK(load.rows == 8.0);
  CHECK(load.touched == 8.0);
}

TEST_CASE("the busiest of many GPUs has more than its share") {
  const ExpertLoad load = expert_load(row(4096, 128, 16, "power_law_1.2"));
  CHECK(load.rows > 4096.0 * 8.0 / 16.0);
  CHECK(load.rows < 4096.0 * 8.0);
}

}  // namespace
}  // namespace agentsim::model
