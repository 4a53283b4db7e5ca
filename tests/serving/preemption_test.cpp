#include <doctest/doctest.h>

#include "tests/serving/helpers.hpp"

namespace agentsim::serving {
namespace {

TEST_CASE("a call that finds no block preempts the one that came last") {
  // Given 4 blocks of 16 and two calls of 16 tokens, then at token 33 the first needs a fifth: the second
  // goes, keeps its place before later calls.
  BatcherBench bench(4, 1000);
  const Prompt a = own_prompt(1, 16);
  const Prompt b = own_prompt(2, 16);
  const Prompt c = own_prompt(3, 16);
  bench.add(0, a, 33);
  bench.add(1, b, 20);
  for (int i = 0; i < 17; ++i) bench.step();
  CHECK(bench.batcher.preemptions() == 0);
  bench.add(2, c, 10);
  const StepPlan plan = bench.step();
  CHECK(bench.batcher.preemptions() == 1);
  CHECK(plan.batch.decoding == 1);
  CHECK(plan.batch.chunks.empty());
  CHECK(bench.batcher.waiting() == 2);
  CHECK(bench.drain());
  REQUIRE(bench.done.size() == 3);
  CHECK(bench.done[0].call == 0);
  CHECK(bench.done[1].call == 1);
  CHECK(bench.done[2].call == 2);
  CHECK(bench.done[1].preemptions == 1);
  CHECK(bench.done[2].scheduled_s >= bench.done[0].last_token_s);
}

TEST_CASE("in the step of a preemption no waiting call is admitted") {
  // Given 8 blocks, a budget of 64 and no cache: in the second step the first call takes its third block and
  // the second wants 6 for 95 tokens. It goes, and though its first 63 tokens would fit at once they come a
  // step later.
  BatcherBench bench(8, 64, 256, false);
  const Prompt a = own_prompt(1, 32);
  const Prompt b = own_prompt(2, 96);
  bench.add(0, a, 40);
  bench.add(1, b, 40);
  CHECK(bench.step().batch.chunks.size() == 2);
  const StepPlan preempting = bench.batcher.schedule(bench.clock());
  CHECK(bench.batcher.preemptions() == 1);
  CHECK(preempting.batch.decoding == 1);
  CHECK(preempting.batch.chunks.empty());
  CHECK(bench.batcher.steps_ahead() == 1);
  bench.finish(1);
  const StepPlan next = bench.step();
  REQUIRE(next.batch.chunks.size() == 1);
  CHECK(next.batch.chunks[0].tokens == 63);
  CHECK(next.batch.chunks[0].cached == 0);
}

TEST_CASE("a call preempted while it decodes computes again what was lost and no more") {
  // Given 4 blocks and two calls of 16 tokens, of which the second is preempted with 32 of its 33 tokens
  // computed; the first takes one block of its two cached ones, so on its return 16 are found and 16 are
  // lost. It computes 17 tokens in one step, and of that step's second 16/17 are recomputation.
  BatcherBench bench(4, 1000);
  const Prompt a = own_prompt(1, 16);
  const Prompt b = own_prompt(2, 16);
  bench.add(0, a, 20);
  bench.add(1, b, 30);
  CHECK(bench.drain());
  REQUIRE(bench.done.size() == 2);
  // Prompt in the first step, then 16 decodes; at 17 s the block is missing. The first call ends at 20 s.
  const CallRecord& first = bench.done[0];
  CHECK(first.last_token_s == 20.0);
  CHECK(first.preemptions == 0);
  CHECK(first.split.recompute_s == 0.0);
  const CallRecord& second = bench.done[1];
  CHECK(second.preemptions == 1);
  CHECK(second.recomputed_tokens == 16);
  CHECK(second.split.queue_s == 3.0);
  CHECK(second.split.prefill_s == 1.0);
  CHECK(second.split.recompute_s == doctest::Approx(16.0 / 17.0).epsilon(1e-12));
  CHECK(second.split.decode_s == doctest::Approx(16.0 + 13.0 - 16.0 / 17.0).epsilon(1e-12));
  CHECK(second.last_token_s == 33.0);
  CHECK(second.split.sum() == doctest::Approx(33.0).epsilon(1e-12));
  CHECK(second.first_token_s == 1.0);
  CHECK(second.hit_tokens == 0);
}

TEST_CASE("a call preempted in its prompt computes again what was lost and goes on with the rest") {
  // Given 8 blocks, a budget of 33, a call of 31 tokens and behind it a prompt of 100. The first step has 31
  // tokens of the first and 2 of the second; then the second gets 32 each step: 34, 66, 98 computed with 7
  // blocks used by it.
  BatcherBench bench(8, 33);
  const Prompt a = own_prompt(1, 31);
  const Prompt b = own_prompt(2, 100);
  bench.add(0, a, 4);
  bench.add(1, b, 2);
  bench.step();
  bench.step();
  CHECK(bench.batcher.pool().used() == 2 + 3);
  // At 33 tokens the first takes its third block; 66 tokens of the second want 5: that is all there is.
  bench.step();
  CHECK(bench.batcher.pool().used() == 8);
  CHECK(bench.batcher.preemptions() == 0);
  // 98 tokens want 7: the second is the last and goes itself, with 66 computed, of which 4 full blocks stay.
  bench.step();
  CHECK(bench.batcher.preemptions() == 1);
  REQUIRE(bench.done.size() == 1);
  // The first is done. 64 tokens are found, 2 were lost, 33 are computed in this step: 2/33 of its second.
  const StepPlan back = bench.step();
  REQUIRE(back.batch.chunks.size() == 1);
  CHECK(back.batch.chunks[0].tokens == 33);
  CHECK(back.batch.chunks[0].cached == 64);
  CHECK(bench.drain());
  const CallRecord& second = bench.done[1];
  CHECK(second.recomputed_tokens == 2);
  CHECK(second.split.recompute_s == doctest::Approx(2.0 / 33.0).epsilon(1e-12));
  CHECK(second.split.queue_s == 1.0);
  CHECK(second.split.prefill_s == doctest::Approx(3.0 + 2.0 - 2.0 / 33.0).epsilon(1e-12));
  CHECK(second.split.decode_s == 1.0);
  CHECK(second.first_token_s == 6.0);
}

TEST_CASE("a call preempted again while it recomputes counts each token once for each time") {
  // Given blocks for one and a half calls and no cache, then preempted calls end with all their tokens, time
  // adds up, and every token computed beyond prompt and output is counted as computed again.
  BatcherBench bench(9, 24, 8, false);
  std::vector<Prompt> prompts;
  for (uint32_t i = 0; i < 6; ++i) prompts.push_back(own_prompt(i, 40 + 9 * i));
  int64_t expected = 0;
  for (uint32_t i = 0; i < 6; ++i) {
    bench.add(i, prompts[i], 40);
    expected += prompts[i].tokens() + 39;
  }
  CHECK(bench.drain());
  REQUIRE(bench.done.size() == 6);
  int64_t recomputed = 0;
  for (const CallRecord& call : bench.done) {
    recomputed += call.recomputed_tokens;
    CHECK(call.split.sum() == doctest::Approx(call.last_token_s).epsilon(1e-12));
    CHECK((call.recomputed_tokens > 0) == (call.split.recompute_s > 0.0));
  }
  CHECK(bench.batcher.preemptions() > 3);
  CHECK(recomputed > 0);
  CHECK(bench.batcher.work().prefill_tokens + bench.batcher.work().decode_tokens == expected + recomputed);
}

TEST_CASE("the first chunk alone decides whether a call is admitted") {
  // Given 5 free blocks and a waiting prompt of 6 with a budget of 4 blocks a step, then it is admitted all
  // the same.
  BatcherBench bench(8, 64);
  const Prompt a = own_prompt(1, 47);
  const Prompt b = own_prompt(2, 96);
  bench.add(0, a, 2);
  bench.step();
  bench.add(1, b, 1);
  const StepPlan plan = bench.step();
  REQUIRE(plan.batch.chunks.size() == 1);
  CHECK(plan.batch.chunks[0].tokens == 63);
}

TEST_CASE("cached blocks that a waiting call would use are not counted as room for it twice") {
  // Given 4 blocks: a running call holds 2, the other 2 are the cached prefix of a waiting call that wants 3.
  // It is admitted only when the running one has ended.
  BatcherBench bench(4, 1000);
  const Prompt prefix = own_prompt(1, 32);
  const Prompt runs = own_prompt(2, 17);
  const Prompt waits{{{1, 0, 40}}, 5};
  bench.add(0, prefix, 1);
  CHECK(bench.drain());
  bench.add(1, runs, 10);
  bench.step();
  CHECK(bench.batcher.pool().cached() == 2);
  bench.add(2, waits, 1);
  CHECK(bench.step().batch.chunks.empty());
  CHECK(bench.batcher.waiting() == 1);
  CHECK(bench.drain());
  CHECK(bench.done[2].hit_tokens == 32);
  CHECK(bench.done[2].scheduled_s == bench.done[1].last_token_s);
}

}  // namespace
}  // namespace agentsim::serving
