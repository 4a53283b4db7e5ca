#include "sim/workload/prefix_reuse.hpp"

#include <doctest/doctest.h>

#include "sim/base/random_stream.hpp"
#include "sim/workload/plan_builder.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

TEST_CASE("prompt tokens seen before are counted in whole blocks") {
  // Given prompts of 200 tokens of stream 1, then 300 that begin with 150 of them, then the first again. Of
  // blocks of 64: floor(150 / 64) = 2 are seen by the second, floor(200 / 64) = 3 by the third.
  SessionPlan plan;
  add_call(plan);
  extend(plan, {1, 0, 200});
  add_call(plan);
  extend(plan, {1, 0, 150});
  extend(plan, {2, 0, 150});
  add_call(plan);
  extend(plan, {1, 0, 200});
  PrefixReuse reuse(64);
  CHECK(reuse.add(plan, plan.calls[0]) == 0);
  CHECK(reuse.add(plan, plan.calls[1]) == 2 * 64);
  CHECK(reuse.add(plan, plan.calls[2]) == 3 * 64);
  reuse.clear();
  CHECK(reuse.add(plan, plan.calls[0]) == 0);
}

TEST_CASE("reuse inside recorded sessions is what comparing all pairs of prompts finds") {
  const Workload workload = make_workload(
      "source: claude_code_csv\nclaude_code_csv: {file: scenarios/traces/claude_code_533_sessions.csv.gz}\n"
      "arrival: {kind: closed, concurrency: 1}\n");
  for (size_t i = 0; i < workload.sessions(); i += 10) {
    const SessionPlan plan = workload.plan(i);
    PrefixReuse reuse(64);
    uint64_t hits = 0;
    for (const Call& call : plan.calls) hits += reuse.add(plan, call);
    CHECK(hits == hit_tokens(plan));
  }
}

TEST_CASE("beyond its memory reuse is estimated from a sample of blocks") {
  // Given 4000 prompts of 100 blocks, each one of 1000 texts: the first 1000 or so miss, the others hit. With
  // memory for 20 000 of the 100 000 blocks, 1 in 8 is kept: 12 500, so one standard error is 0.9 %.
  RandomStream random(1, "texts");
  SessionPlan plan;
  for (int i = 0; i < 4000; ++i) {
    add_call(plan);
    extend(plan, {1 + static_cast<uint64_t>(random.uniform() * 1000.0), 0, 6400});
  }
  PrefixReuse exact(64), sampled(64, 20'000);
  uint64_t hits = 0, estimate = 0;
  for (const Call& call : plan.calls) {
    hits += exact.add(plan, call);
    estimate += sampled.add(plan, call);
  }
  CHECK(!exact.is_sampled());
  CHECK(sampled.is_sampled());
  CHECK(static_cast<double>(estimate) == doctest::Approx(static_cast<double>(hits)).epsilon(0.03));
}

}  // namespace
}  // namespace agentsim::workload
