#include <doctest/doctest.h>

#include "tests/serving/helpers.hpp"

namespace agentsim::serving {
namespace {

// Blocks of 4 tokens everywhere.
TEST_CASE("a prefix is matched in full blocks") {
  // Given 10 cached tokens, then 8 can be matched, which are two blocks, and fewer if less is asked or
  // agrees.
  TestCache t(100, 4);
  const Prompt prompt{{{1, 0, 10}}, 0};
  t.put(prompt);
  CHECK(t.pool.cached() == 2);
  CHECK(t.cache.match(prompt.content(), 10) == 8);
  CHECK(t.cache.match(prompt.content(), 8) == 8);
  CHECK(t.cache.match(prompt.content(), 7) == 4);
  CHECK(t.cache.match(prompt.content(), 3) == 0);
  CHECK(t.match({{{1, 0, 7}, {2, 0, 9}}, 0}) == 4);
  CHECK(t.match({{{2, 0, 4}, {1, 4, 10}}, 0}) == 0);
}

TEST_CASE("a call that shares the front of a cached prompt holds that part alone") {
  // Given 4 cached blocks, then a prompt that leaves them after 10 tokens holds 2, and both prompts stay
  // matched.
  TestCache t(100, 4);
  const Prompt first{{{1, 0, 16}}, 0};
  const Prompt second{{{1, 0, 10}, {2, 0, 10}}, 0};
  t.put(first);
  CHECK(t.match(second) == 8);
  CHECK(t.cache.unheld_blocks(second.content(), 8) == 2);
  const PrefixCache::NodeId node = t.cache.hold(second.content(), 8);
  CHECK(t.pool.used() == 2);
  CHECK(t.pool.cached() == 2);
  CHECK(t.cache.unheld_blocks(second.content(), 8) == 0);
  CHECK(t.cache.unheld_blocks(first.content(), 16) == 2);
  t.cache.check();
  t.pool.take(3);
  const PrefixCache::NodeId end = t.cache.extend(node, second.content(), 8, 12);
  CHECK(t.pool.used() == 5);
  t.cache.let_go(end);
  t.cache.check();
  CHECK(t.match(first) == 16);
  CHECK(t.match(second) == 20);
  CHECK(t.pool.cached() == 7);
}

TEST_CASE("a prefix grows in place while one call holds it and else by a continuation") {
  // Given a call alone, then its node takes more blocks; given a second holder, then a new node does.
  TestCache t(100, 4);
  const Prompt prompt{{{1, 0, 16}}, 0};
  t.pool.take(4);
  const PrefixCache::NodeId first = t.cache.extend(PrefixCache::kRoot, prompt.content(), 0, 4);
  CHECK(t.cache.extend(first, prompt.content(), 4, 4) == first);
  const PrefixCache::NodeId other = t.cache.hold(prompt.content(), 8);
  CHECK(other == first);
  const PrefixCache::NodeId longer = t.cache.extend(first, prompt.content(), 8, 8);
  CHECK(longer != first);
  CHECK(t.match(prompt) == 16);
  t.cache.check();
  t.cache.let_go(longer);
  CHECK(t.pool.cached() == 2);
  t.cache.let_go(other);
  CHECK(t.pool.cached() == 4);
  t.cache.check();
}

TEST_CASE("of two calls that compute the same blocks one copy is kept") {
  // Given two calls without a hit, then the second gives its copies back, also where it agrees with half of a
  // node.
  TestCache t(100, 4);
  const Prompt a{{{1, 0, 16}}, 0};
  const Prompt b{{{1, 0, 8}, {2, 0, 8}}, 0};
  t.pool.take(8);
  const PrefixCache::NodeId of_a = t.cache.extend(PrefixCache::kRoot, a.content(), 0, 16);
  const PrefixCache::NodeId of_b = t.cache.extend(PrefixCache::kRoot, b.content(), 0, 16);
  CHECK(t.pool.used() == 6);
  CHECK(t.pool.free() == 94);
  t.cache.check();
  t.cache.let_go(of_a);
  CHECK(t.pool.used() == 4);
  t.cache.let_go(of_b);
  CHECK(t.pool.used() == 0);
  CHECK(t.match(a) == 16);
  CHECK(t.match(b) == 16);
  t.cache.check();
}

TEST_CASE("the call that ended first is evicted first and from its tail") {
  // Given prompts of 2 blocks let go in the order 1 2 3, and 1 used again, then 2 goes first, then 3, then 1.
  TestCache t(100, 4);
  const std::vector<Prompt> prompts{{{{1, 0, 8}}, 0}, {{{2, 0, 8}}, 0}, {{{3, 0, 8}}, 0}};
  for (const Prompt& prompt : prompts) t.put(prompt);
  t.cache.let_go(t.cache.hold(prompts[0].content(), 8));
  const std::vector<std::vector<uint32_t>> left{{8, 4, 8}, {8, 0, 8}, {8, 0, 4},
                                                {8, 0, 0}, {4, 0, 0}, {0, 0, 0}};
  for (const std::vector<uint32_t>& expected : left) {
    t.cache.evict(1);
    t.cache.check();
    for (size_t i = 0; i < 3; ++i) CHECK(t.match(prompts[i]) == expected[i]);
  }
  CHECK(t.cache.evicted_blocks() == 6);
  CHECK(t.pool.free() == 100);
}

TEST_CASE("a shared prefix outlives its continuations") {
  // Given two calls with one common block, then their ends are evicted before it though one of them is
  // younger.
  TestCache t(100, 4);
  const Prompt a{{{1, 0, 4}, {2, 0, 4}}, 0};
  const Prompt b{{{1, 0, 4}, {3, 0, 4}}, 0};
  t.pool.take(4);
  const PrefixCache::NodeId of_a = t.cache.extend(PrefixCache::kRoot, a.content(), 0, 8);
  const PrefixCache::NodeId of_b = t.cache.extend(PrefixCache::kRoot, b.content(), 0, 8);
  t.cache.let_go(of_a);
  t.cache.let_go(of_b);
  t.cache.evict(1);
  CHECK(t.match(a) == 4);
  CHECK(t.match(b) == 8);
  t.cache.evict(1);
  CHECK(t.match(b) == 4);
  t.cache.evict(1);
  CHECK(t.match(b) == 0);
}

TEST_CASE("what is held is not evicted and no more than is cached") {
  // Given 2 held and 3 cached blocks, then 3 can be evicted and not a fourth.
  TestCache t(100, 4);
  const Prompt held{{{1, 0, 8}}, 0};
  t.put(held);
  t.put({{{2, 0, 12}}, 0});
  const PrefixCache::NodeId node = t.cache.hold(held.content(), 8);
  t.cache.evict(3);
  CHECK(t.match(held) == 8);
  CHECK_THROWS_AS(t.cache.evict(1), ContractViolation);
  t.cache.let_go(node);
  CHECK_THROWS_AS(t.cache.let_go(node), ContractViolation);
}

TEST_CASE("a prompt whose tail was evicted can grow again") {
  // Given 4 blocks of which 3 were evicted, then the first is still matched and the others are cached anew.
  TestCache t(4, 4);
  const Prompt prompt{{{1, 0, 16}}, 0};
  t.put(prompt);
  t.cache.evict(3);
  CHECK(t.match(prompt) == 4);
  t.pool.take(3);
  const PrefixCache::NodeId node = t.cache.hold(prompt.content(), 4);
  t.cache.let_go(t.cache.extend(node, prompt.content(), 4, 12));
  CHECK(t.match(prompt) == 16);
  t.cache.check();
}

TEST_CASE("blocks are moved only out of a state that has them") {
  // Given 2 blocks, then a third cannot be taken, and one that is not used cannot be given back.
  BlockPool pool(2);
  pool.take(2);
  CHECK_THROWS_AS(pool.take(1), ContractViolation);
  BlockPool other(2);
  CHECK_THROWS_AS(other.give_back(1), ContractViolation);
  BlockPool third(2);
  CHECK_THROWS_AS(third.take(-1), ContractViolation);
}

}  // namespace
}  // namespace agentsim::serving
