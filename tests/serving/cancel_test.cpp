#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/property/holds.hpp"
#include "tests/serving/helpers.hpp"

namespace agentsim::serving {
namespace {

TEST_CASE("a cancelled call leaves its batch at the step's end and its full blocks in the cache") {
  // Given blocks of 16 tokens, a prompt of 40 of which a step computes 32, and a call that is cancelled in
  // the step after, when 40 are computed and a token is generated, then two full blocks stay cached and none
  // is used.
  BatcherBench bench(100, 32);
  const Prompt prompt = own_prompt(1, 40);
  bench.add(0, prompt, 10);
  bench.step();
  bench.batcher.schedule(bench.clock());
  bench.cancel(0);
  CHECK(bench.batcher.pool().used() == 3);
  CHECK(bench.batcher.running() == 1);
  bench.finish(1);
  CHECK(bench.batcher.pool().used() == 0);
  CHECK(bench.batcher.pool().cached() == 2);
  CHECK(bench.batcher.running() == 0);
  CHECK(bench.done.empty());
  CHECK(bench.step().empty());
}

TEST_CASE("a cancelled call that waits is gone at once") {
  BatcherBench bench(100, 32, 1);
  const Prompt first = own_prompt(1, 40), second = own_prompt(2, 40);
  bench.add(0, first, 5);
  bench.add(1, second, 5);
  bench.step();
  CHECK(bench.batcher.waiting() == 1);
  bench.cancel(1);
  CHECK(bench.batcher.waiting() == 0);
  CHECK(bench.drain());
  REQUIRE(bench.done.size() == 1);
  CHECK(bench.done[0].call == 0);
}

TEST_CASE("a call that is cancelled in the step of its last token has not finished") {
  BatcherBench bench(100, 64);
  const Prompt prompt = own_prompt(1, 40);
  bench.add(0, prompt, 1);
  bench.batcher.schedule(bench.clock());
  bench.cancel(0);
  bench.finish(1);
  CHECK(bench.done.empty());
  CHECK(bench.batcher.pool().used() == 0);
}

TEST_CASE("no cancelled call keeps blocks or ends, and all the others do") {
  // Given calls that come, are cancelled and run in any order, some sharing a prefix, with blocks for a few
  // of them, then after each step the pool's blocks add up, and at the end none is used.
  const bool good = holds("cancelled calls", 200, 20000, [] {
    const int count = *rc::gen::inRange(1, 9);
    BatcherBench bench(*rc::gen::inRange(30, 60), *rc::gen::inRange(8, 200), *rc::gen::inRange(1, 6),
                       *rc::gen::arbitrary<bool>());
    std::vector<Prompt> prompts;
    for (int i = 0; i < count; ++i) {
      Prompt prompt =
          own_prompt(static_cast<uint64_t>(i) + 10, static_cast<uint32_t>(*rc::gen::inRange(1, 200)));
      if (*rc::gen::arbitrary<bool>()) prompt.slices.insert(prompt.slices.begin(), Slice{1, 0, 100});
      prompts.push_back(prompt);
    }
    std::set<uint32_t> live, cancelled;
    uint32_t next = 0;
    const auto drop_done = [&] {
      for (const CallRecord& record : bench.done) live.erase(record.call);
    };
    for (int i = 0; i < 60; ++i) {
      const int what = *rc::gen::inRange(0, 4);
      if (what == 0 && next < prompts.size()) {
        live.insert(next);
        bench.add(next, prompts[next], static_cast<uint32_t>(*rc::gen::inRange(1, 60)));
        ++next;
      } else if (what == 1 && !live.empty()) {
        const StepPlan plan = bench.batcher.schedule(bench.clock());
        const uint32_t victim =
            *std::next(live.begin(), *rc::gen::inRange<int>(0, static_cast<int>(live.size())));
        bench.cancel(victim);
        live.erase(victim);
        cancelled.insert(victim);
        bench.finish(plan.empty() ? 0 : 1);
      } else {
        bench.step();
      }
      drop_done();
      RC_ASSERT(bench.batcher.running() + bench.batcher.waiting() == static_cast<int64_t>(live.size()));
      if (live.empty()) RC_ASSERT(bench.batcher.pool().used() == 0);
    }
    RC_ASSERT(bench.drain());
    drop_done();
    RC_ASSERT(live.empty());
    RC_ASSERT(bench.batcher.pool().used() == 0);
    RC_ASSERT(bench.done.size() + cancelled.size() == next);
    for (const CallRecord& record : bench.done) RC_ASSERT(cancelled.count(record.call) == 0);
    RC_CLASSIFY(!cancelled.empty(), "with cancelled calls");
    RC_CLASSIFY(bench.batcher.preemptions() > 0, "with preemptions");
  });
  CHECK(good);
}

}  // namespace
}  // namespace agentsim::serving
