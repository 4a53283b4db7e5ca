#include <doctest/doctest.h>

#include <algorithm>
#include <list>
#include <map>
#include <tuple>

#include "tests/property/holds.hpp"
#include "tests/serving/helpers.hpp"

// The radix tree against a cache that knows every block by itself, as vLLM's does: a block is named by all
// tokens up to its end, counts its holders, and stands in a queue from the moment its last holder has gone.
namespace agentsim::serving {
namespace {

using Token = std::pair<uint64_t, uint32_t>;

std::vector<Token> tokens_of(const Prompt& prompt) {
  std::vector<Token> tokens;
  for (const Slice& slice : prompt.slices)
    for (uint32_t at = slice.begin; at < slice.end; ++at) tokens.emplace_back(slice.stream, at);
  return tokens;
}

class BlockByBlock {
 public:
  using Name = std::vector<Token>;

  BlockByBlock(int64_t blocks, uint32_t size) : size_(size), free(blocks) {}

  Name name(const std::vector<Token>& tokens, uint32_t block) const {
    return {tokens.begin(), tokens.begin() + (block + 1) * size_};
  }
  uint32_t match(const std::vector<Token>& tokens, uint32_t limit) const {
    uint32_t blocks = 0;
    while ((blocks + 1) * size_ <= limit && holders_.count(name(tokens, blocks)) > 0) ++blocks;
    return blocks * size_;
  }
  int64_t unheld(const std::vector<Token>& tokens, uint32_t matched) const {
    int64_t count = 0;
    for (uint32_t b = 0; b < matched / size_; ++b) count += holders_.at(name(tokens, b)) == 0 ? 1 : 0;
    return count;
  }
  void hold(const std::vector<Token>& tokens, uint32_t matched) {
    for (uint32_t b = 0; b < matched / size_; ++b)
      if (holders_.at(name(tokens, b))++ == 0) queue_.remove(name(tokens, b));
  }
  // Blocks of the holder's own become cached ones it holds. Returns how many copies were given back.
  int64_t extend(const std::vector<Token>& tokens, uint32_t from, uint32_t count) {
    int64_t copies = 0;
    for (uint32_t b = from / size_; b < (from + count) / size_; ++b) {
      const auto [at, is_new] = holders_.emplace(name(tokens, b), 0);
      if (!is_new) {
        ++copies;
        ++free;
        if (at->second == 0) queue_.remove(at->first);
      }
      ++at->second;
    }
    return copies;
  }
  void let_go(const std::vector<Token>& tokens, uint32_t held) {
    for (uint32_t b = held / size_; b-- > 0;)
      if (--holders_.at(name(tokens, b)) == 0) queue_.push_back(name(tokens, b));
  }
  void evict(int64_t count) {
    for (; count > 0; --count, ++free) {
      holders_.erase(queue_.front());
      queue_.pop_front();
    }
  }
  int64_t cached() const { return static_cast<int64_t>(queue_.size()); }

 private:
  uint32_t size_;
  std::map<Name, int> holders_;
  std::list<Name> queue_;  // nobody holds them; the first is evicted first

 public:
  int64_t free;
};

struct Running {
  Prompt prompt;
  std::vector<Token> tokens;
  PrefixCache::NodeId node = PrefixCache::kRoot;
  uint32_t shared = 0;
  int64_t own = 0;
};

// Both caches, and the same calls in them.
class Pair {
 public:
  Pair(int64_t blocks, uint32_t size) : size_(size), real_(blocks, size), model_(blocks, size) {}

  void start(const Prompt& prompt) {
    Running call{prompt, tokens_of(prompt)};
    const auto known = static_cast<uint32_t>(call.tokens.size());
    const uint32_t limit = (known - 1) / size_ * size_;
    const uint32_t hit = real_.cache.match(prompt.content(), limit);
    RC_ASSERT(hit == model_.match(call.tokens, limit));
    const int64_t unheld = real_.cache.unheld_blocks(prompt.content(), hit);
    RC_ASSERT(unheld == model_.unheld(call.tokens, hit));
    const int64_t needed = (known + size_ - 1) / size_ - hit / size_;
    if (needed > real_.pool.available() - unheld) return;
    call.node = real_.cache.hold(prompt.content(), hit);
    model_.hold(call.tokens, hit);
    evict(needed - real_.pool.free());
    real_.pool.take(needed);
    model_.free -= needed;
    call.shared = hit;
    call.own = needed;
    calls_.push_back(std::move(call));
  }
  void extend(size_t which, uint32_t blocks) {
    if (calls_.empty()) return;
    Running& call = calls_[which % calls_.size()];
    const auto full = static_cast<uint32_t>(call.tokens.size()) / size_ * size_;
    const uint32_t tokens = std::min(blocks * size_, full - call.shared);
    if (tokens == 0) return;
    call.node = real_.cache.extend(call.node, call.prompt.content(), call.shared, tokens);
    model_.extend(call.tokens, call.shared, tokens);
    call.shared += tokens;
    call.own -= tokens / size_;
  }
  void end(size_t which) {
    if (calls_.empty()) return;
    const auto at = calls_.begin() + static_cast<std::ptrdiff_t>(which % calls_.size());
    real_.pool.give_back(at->own);
    model_.free += at->own;
    real_.cache.let_go(at->node);
    model_.let_go(at->tokens, at->shared);
    calls_.erase(at);
  }
  void evict(int64_t blocks) {
    blocks = std::min(blocks, model_.cached());
    if (blocks <= 0) return;
    real_.cache.evict(blocks);
    model_.evict(blocks);
  }
  void compare(const Prompt& prompt) const {
    real_.cache.check();
    RC_ASSERT(real_.pool.free() == model_.free);
    RC_ASSERT(real_.pool.cached() == model_.cached());
    const std::vector<Token> tokens = tokens_of(prompt);
    RC_ASSERT(real_.match(prompt) == model_.match(tokens, static_cast<uint32_t>(tokens.size())));
    for (const Running& call : calls_)
      RC_ASSERT(real_.match(call.prompt) ==
                model_.match(call.tokens, static_cast<uint32_t>(call.tokens.size())));
  }
  void end_all() {
    while (!calls_.empty()) end(0);
    RC_ASSERT(real_.pool.used() == 0);
    evict(model_.cached());
    RC_ASSERT(real_.pool.free() == real_.pool.total());
  }

 private:
  uint32_t size_;
  TestCache real_;
  BlockByBlock model_;
  std::vector<Running> calls_;
};

// A root that all share, a branch of it, and an end; cut anywhere.
Prompt any_prompt() {
  const auto length = [](int most) { return static_cast<uint32_t>(*rc::gen::inRange(0, most)); };
  const auto stream = [](int first, int count) {
    return static_cast<uint64_t>(*rc::gen::inRange(first, first + count));
  };
  Prompt prompt;
  const uint32_t root = length(16);
  const uint32_t at = length(static_cast<int>(root) + 1);
  prompt.slices = {
      {1, 0, at}, {1, at, root}, {stream(2, 2), 0, length(12)}, {stream(4, 3), length(2), 2 + length(9)}};
  return prompt;
}

TEST_CASE("the radix tree matches holds and evicts as a cache of single blocks does") {
  // Given random calls in a small cache, then both caches match the same prefixes and count the same blocks
  // after every operation, and the pool keeps I2.
  const bool same = holds("the radix tree is a cache of blocks", 400, 50000, [] {
    Pair pair(*rc::gen::inRange(1, 30), static_cast<uint32_t>(*rc::gen::inRange(1, 6)));
    const int operations = *rc::gen::inRange(1, 60);
    for (int i = 0; i < operations; ++i) {
      const auto which = static_cast<size_t>(*rc::gen::inRange(0, 8));
      switch (*rc::gen::inRange(0, 7)) {
        case 0:
        case 1:
          pair.start(any_prompt());
          break;
        case 2:
        case 3:
          pair.extend(which, static_cast<uint32_t>(*rc::gen::inRange(1, 6)));
          break;
        case 4:
          pair.end(which);
          break;
        case 5:
          pair.extend(which, 100);
          pair.end(which);
          break;
        default:
          pair.evict(*rc::gen::inRange(1, 4));
          break;
      }
      pair.compare(any_prompt());
    }
    pair.end_all();
  });
  CHECK(same);
}

}  // namespace
}  // namespace agentsim::serving
