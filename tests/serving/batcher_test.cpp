#include <doctest/doctest.h>

#include "tests/serving/helpers.hpp"

namespace agentsim::serving {
namespace {

// Blocks of 16 tokens everywhere.
void check_chunk(const model::Chunk& chunk, double tokens, double cached) {
  CHECK(chunk.tokens == tokens);
  CHECK(chunk.cached == cached);
}

TEST_CASE("a prompt longer than the token budget is computed in chunks") {
  // Given a budget of 100 and a prompt of 250 tokens, then its steps hold 100 100 50 tokens and the last
  // gives the first output token.
  BatcherBench bench(100, 100);
  const Prompt prompt = own_prompt(1, 250);
  bench.add(0, prompt, 3);
  for (const double cached : {0.0, 100.0, 200.0}) {
    const StepPlan plan = bench.step();
    REQUIRE(plan.batch.chunks.size() == 1);
    check_chunk(plan.batch.chunks[0], cached == 200.0 ? 50.0 : 100.0, cached);
    CHECK(plan.batch.finished_prompts == (cached == 200.0 ? 1 : 0));
    CHECK_FALSE(plan.only_decodes);
  }
  for (const int64_t context : {251, 252}) {
    const StepPlan plan = bench.step();
    CHECK(plan.batch.decoding == 1);
    CHECK(plan.context_tokens == context);
    CHECK(plan.same_batch == (context == 252));
  }
  REQUIRE(bench.done.size() == 1);
  CHECK(bench.done[0].scheduled_s == 0.0);
  CHECK(bench.done[0].first_token_s == 3.0);
  CHECK(bench.done[0].last_token_s == 5.0);
  CHECK(bench.done[0].split.prefill_s == 3.0);
  CHECK(bench.done[0].split.decode_s == 2.0);
  CHECK(bench.step().empty());
}

TEST_CASE("running calls use the token budget before waiting ones") {
  // Given a call that decodes and two prompts behind it, then each step has 1 token for it and 99 for them,
  // in the order in which they came.
  BatcherBench bench(100, 100);
  const Prompt first = own_prompt(1, 20);
  const Prompt second = own_prompt(2, 150);
  const Prompt third = own_prompt(3, 60);
  bench.add(0, first, 100);
  bench.step();
  bench.add(1, second, 5);
  bench.add(2, third, 5);
  StepPlan plan = bench.step();
  CHECK(plan.batch.decoding == 1);
  CHECK(plan.batch.contexts == std::vector<double>{20.0});
  REQUIRE(plan.batch.chunks.size() == 1);
  check_chunk(plan.batch.chunks[0], 99, 0);
  CHECK(bench.batcher.waiting() == 1);
  plan = bench.step();
  REQUIRE(plan.batch.chunks.size() == 2);
  check_chunk(plan.batch.chunks[0], 51, 99);
  check_chunk(plan.batch.chunks[1], 48, 0);
  CHECK(plan.batch.finished_prompts == 1);
  plan = bench.step();
  CHECK(plan.batch.decoding == 2);
  REQUIRE(plan.batch.chunks.size() == 1);
  check_chunk(plan.batch.chunks[0], 12, 48);
}

TEST_CASE("a call finds the full blocks of an earlier prompt and computes its last token itself") {
  // Given a finished prompt of 40 tokens with 9 of output, then 48 of their 49 tokens can be matched: the
  // last was never computed. A repeated prompt of 32 tokens matches 16, because its last one is to be
  // computed.
  BatcherBench bench(100, 1000);
  const Prompt first{{{1, 0, 40}}, 7};
  const Prompt next{{{1, 0, 40}, {7, 0, 9}, {2, 0, 10}}, 8};
  const Prompt half{{{1, 0, 32}}, 9};
  bench.add(0, first, 9);
  CHECK(bench.drain());
  bench.add(1, next, 1);
  check_chunk(bench.step().batch.chunks.at(0), 11, 48);
  bench.add(2, half, 1);
  check_chunk(bench.step().batch.chunks.at(0), 16, 16);
  CHECK(bench.done[0].hit_tokens == 0);
  CHECK(bench.done[1].hit_tokens == 48);
  CHECK(bench.done[2].hit_tokens == 16);
}

TEST_CASE("a call shares what another has computed while that one still runs") {
  // Given a call in the middle of its prompt of 64 tokens, then one with the same prompt finds the 32 that
  // are done and holds the very same blocks.
  BatcherBench bench(100, 40);
  const Prompt prompt = own_prompt(1, 64);
  bench.add(0, prompt, 50);
  bench.step();
  CHECK(bench.batcher.pool().used() == 3);
  bench.add(1, prompt, 50);
  const StepPlan plan = bench.step();
  REQUIRE(plan.batch.chunks.size() == 2);
  check_chunk(plan.batch.chunks[0], 24, 40);
  check_chunk(plan.batch.chunks[1], 16, 32);
  bench.step();
  bench.step();
  // 4 blocks of the prompt once, and one each for what follows it.
  CHECK(bench.batcher.pool().used() == 4 + 2);
}

TEST_CASE("without prefix caching nothing is kept") {
  // Given a prompt that comes twice, then it is computed twice and all blocks are free at the end.
  BatcherBench bench(100, 1000, 256, false);
  const Prompt prompt = own_prompt(1, 64);
  for (uint32_t call = 0; call < 2; ++call) {
    bench.add(call, prompt, 20);
    CHECK(bench.drain());
    CHECK(bench.done[call].hit_tokens == 0);
    CHECK(bench.batcher.pool().free() == 100);
  }
}

TEST_CASE("no more calls run at once than the engine allows") {
  // Given at most 2 sequences and 5 calls, then 2 run at any time, in the order in which they came, and all
  // end.
  BatcherBench bench(1000, 1000, 2);
  std::vector<Prompt> prompts;
  for (uint64_t i = 0; i < 5; ++i) prompts.push_back(own_prompt(i, 10));
  for (uint32_t i = 0; i < 5; ++i) bench.add(i, prompts[i], 4);
  while (bench.batcher.running() + bench.batcher.waiting() > 0) {
    const StepPlan plan = bench.step();
    CHECK(plan.batch.decoding + static_cast<int64_t>(plan.batch.chunks.size()) <= 2);
  }
  REQUIRE(bench.done.size() == 5);
  for (uint32_t i = 0; i < 5; ++i) CHECK(bench.done[i].scheduled_s == 4.0 * (i / 2));
}

TEST_CASE("a finished call gives back all it held") {
  // Given calls of many lengths, then in the end nothing is used, and what is cached is their full blocks.
  BatcherBench bench(1000, 64);
  std::vector<Prompt> prompts;
  for (uint32_t i = 0; i < 20; ++i) prompts.push_back(own_prompt(i, 1 + 7 * i));
  int64_t full = 0;
  for (uint32_t i = 0; i < 20; ++i) {
    bench.add(i, prompts[i], 1 + i);
    full += (1 + 7 * i + i) / 16;  // the last token of the output is never computed
  }
  CHECK(bench.drain());
  CHECK(bench.batcher.pool().used() == 0);
  CHECK(bench.batcher.pool().cached() == full);
  CHECK(bench.done.size() == 20);
}

TEST_CASE("steps are foreseen until a call ends") {
  // Given calls with 7 and 4 tokens to go, then 4 steps are foreseen, and 1 while a prompt is computed.
  BatcherBench bench(1000, 1000);
  const Prompt a = own_prompt(1, 10);
  const Prompt b = own_prompt(2, 10);
  bench.add(0, a, 8);
  bench.add(1, b, 5);
  bench.batcher.schedule(bench.clock());
  CHECK(bench.batcher.steps_ahead() == 1);
  bench.finish(1);
  CHECK(bench.batcher.schedule(bench.clock()).only_decodes);
  CHECK(bench.batcher.steps_ahead() == 4);
  bench.batcher.advance(3);
  bench.finish(1);
  CHECK(bench.done.size() == 1);
  bench.batcher.schedule(bench.clock());
  CHECK(bench.batcher.steps_ahead() == 3);
}

TEST_CASE("steps are foreseen no further than the blocks go") {
  // Given 4 blocks and two calls at 17 tokens with 100 to go, then both have a second block already and 16
  // steps fill these: token 33 would be the first of a fifth block.
  BatcherBench bench(4, 1000);
  const Prompt a = own_prompt(1, 16);
  const Prompt b = own_prompt(2, 16);
  bench.add(0, a, 33);
  bench.add(1, b, 33);
  bench.step();
  bench.batcher.schedule(bench.clock());
  CHECK(bench.batcher.pool().used() == 4);
  CHECK(bench.batcher.steps_ahead() == 16);
  bench.finish(16);
  CHECK(bench.batcher.preemptions() == 0);
  bench.batcher.schedule(bench.clock());
  CHECK(bench.batcher.preemptions() == 1);
}

TEST_CASE("many steps at once leave the same state as single ones") {
  // Given decodes that fill block after block and evict cached ones, then used cached and evicted blocks
  // agree after 40 steps whether taken one by one or in parts.
  std::vector<std::vector<int64_t>> states;
  for (const bool single : {true, false}) {
    BatcherBench bench(12, 1000);
    const Prompt old = own_prompt(9, 64);
    const Prompt a = own_prompt(1, 30);
    const Prompt b = own_prompt(2, 20);
    bench.add(0, old, 1);
    CHECK(bench.drain());
    bench.add(1, a, 60);
    bench.add(2, b, 60);
    bench.step();
    for (int steps = 40; steps > 0;) {
      bench.batcher.schedule(bench.clock());
      const int64_t ahead = bench.batcher.steps_ahead();
      CHECK(ahead >= 1);
      const int64_t taken = single ? 1 : std::min<int64_t>({ahead, steps, 17});
      if (taken > 1) bench.batcher.advance(taken - 1);
      bench.finish(1);
      steps -= static_cast<int>(taken);
    }
    const BlockPool& pool = bench.batcher.pool();
    states.push_back({pool.used(), pool.cached(), pool.free(), bench.batcher.cache().evicted_blocks(),
                      bench.batcher.work().steps, bench.batcher.work().doubled_pairs,
                      bench.batcher.work().cache_tokens_read, bench.batcher.work().sampled});
  }
  CHECK(states[0] == states[1]);
  CHECK(states[0][3] > 0);
}

TEST_CASE("a batch says how much of its contexts a window holds and when a call fills it") {
  // Given a window of 100 and prompts of 30 and 200 tokens, then after them the first decode step has contexts of 31 and
  // 201, of which the window holds 31 and 100; the short one grows for 69 steps more.
  BatcherBench bench(100, 1000, 256, true, 100);
  const Prompt brief = own_prompt(1, 30);
  const Prompt longer = own_prompt(2, 200);
  bench.add(0, brief, 150);
  bench.add(1, longer, 150);
  bench.step();
  StepPlan plan = bench.batcher.schedule(bench.clock());
  CHECK(plan.context_tokens == 31 + 201);
  CHECK(plan.window_tokens == 31 + 100);
  CHECK(plan.window_growth == 1);
  CHECK(bench.batcher.steps_ahead() == 69);
  bench.finish(69);
  plan = bench.batcher.schedule(bench.clock());
  CHECK(plan.window_tokens == 200);
  CHECK(plan.window_growth == 0);
  CHECK(bench.batcher.steps_ahead() == 80);
  bench.finish(80);
  const model::Work& work = bench.batcher.work();
  // Keys that queries see: of the prompts 1 + ... + 30, and 1 + ... + 100 and 100 for each of 100 more; then 31 ... 99
  // and 100 for each of 80 more, and 100 for each of 149.
  const int64_t prompts = 30 * 31 / 2 + 100 * 101 / 2 + 100 * 100;
  const int64_t decodes = (31 + 99) * 69 / 2 + 80 * 100 + 149 * 100;
  CHECK(work.doubled_window_pairs == 2 * (prompts + decodes));
  CHECK(work.window_tokens_read == 30 + 200 + decodes);
}

TEST_CASE("groups of attention share the token budget, and a prompt lies on one of them") {
  // Given a budget of 400 for four groups, then a step takes 100 tokens of each prompt.
  BatcherBench bench(1000, 400, 256, true, 0, 4);
  const Prompt first = own_prompt(1, 250);
  const Prompt second = own_prompt(2, 80);
  bench.add(0, first, 1);
  bench.add(1, second, 1);
  StepPlan plan = bench.step();
  REQUIRE(plan.batch.chunks.size() == 2);
  check_chunk(plan.batch.chunks[0], 100, 0);
  check_chunk(plan.batch.chunks[1], 80, 0);
  check_chunk(bench.step().batch.chunks.at(0), 100, 100);
  check_chunk(bench.step().batch.chunks.at(0), 50, 200);
  CHECK(bench.drain());
}

TEST_CASE("without mixed batches prompts go first, in steps of their own") {
  // Given a call that decodes and prompts of 150 and 60 tokens behind it, a budget of 100: three steps hold 100,
  // 50 + 50 and 10 tokens of prompts and no decode, and then all three calls decode together.
  BatcherBench bench(100, 100, 256, true, 0, 1, false);
  const Prompt first = own_prompt(1, 20);
  const Prompt second = own_prompt(2, 150);
  const Prompt third = own_prompt(3, 60);
  bench.add(0, first, 5);
  bench.step();
  CHECK(bench.step().batch.decoding == 1);
  bench.add(1, second, 5);
  bench.add(2, third, 5);
  for (const size_t chunks : {1, 2, 1}) {
    const StepPlan plan = bench.step();
    CHECK(plan.batch.decoding == 0);
    CHECK(plan.batch.chunks.size() == chunks);
    CHECK_FALSE(plan.only_decodes);
  }
  const StepPlan plan = bench.step();
  CHECK(plan.only_decodes);
  CHECK(plan.batch.decoding == 3);
  REQUIRE(bench.drain());
  // The first call has tokens at 1, 2 and then, three steps later, 6, 7 and 8.
  REQUIRE(bench.done.size() == 3);
  CHECK(bench.done[0].call == 0);
  CHECK(bench.done[0].last_token_s == 8.0);
  CHECK(bench.done[1].first_token_s == 4.0);
  CHECK(bench.done[2].first_token_s == 5.0);
}

TEST_CASE("without mixed batches a call that finds no room is preempted and comes back") {
  // Two calls of 64 tokens that grow to 112 in 12 blocks of 16: both cannot finish at once, and both do.
  BatcherBench bench(12, 100, 256, false, 0, 1, false);
  const Prompt first = own_prompt(1, 64);
  const Prompt second = own_prompt(2, 64);
  bench.add(0, first, 48);
  bench.add(1, second, 48);
  REQUIRE(bench.drain(1000));
  CHECK(bench.batcher.preemptions() > 0);
  CHECK(bench.done.size() == 2);
  CHECK(bench.batcher.pool().used() == 0);
}

}  // namespace
}  // namespace agentsim::serving
