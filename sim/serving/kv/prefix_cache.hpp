#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "sim/serving/kv/block_pool.hpp"
#include "sim/serving/kv/content.hpp"

namespace agentsim::serving {

// A radix tree over the full KV blocks of prompts and outputs (SGLang's RadixAttention at vLLM's block
// granularity). A node is a run of blocks; two prompts share the blocks of their longest common prefix. Nodes
// that running calls hold cannot be evicted; the others are evicted least recently let go first, and of one
// call its last blocks first, as vLLM's free queue does. All times are O(runs), not O(blocks).
class PrefixCache {
 public:
  using NodeId = uint32_t;
  static constexpr NodeId kRoot = 0;

  PrefixCache(BlockPool& pool, uint32_t block_size);

  // Tokens at the front of `content` that are cached, in full blocks, at most `limit_tokens`.
  uint32_t match(const Content& content, uint32_t limit_tokens) const;
  // Of the blocks match() found, how many nobody holds yet: holding them takes them from the available ones.
  int64_t unheld_blocks(const Content& content, uint32_t tokens) const;

  // Holds the cached prefix of `tokens` tokens (as match() returned) and returns the node where it ends.
  NodeId hold(const Content& content, uint32_t tokens);
  // Hands `tokens` (a multiple of the block size) of a holder's own blocks to the tree, from the end of its
  // node at depth `from`. Where another call has cached the same blocks already, the holder's copies are
  // given back. Returns the new node.
  NodeId extend(NodeId node, const Content& content, uint32_t from, uint32_t tokens);
  // Ends a hold; the prefix stays until it is evicted.
  void let_go(NodeId node);
  // Frees at least `blocks` blocks. Contract: that many are cached.
  void evict(int64_t blocks);

  int64_t evicted_blocks() const { return evicted_blocks_; }
  // I2 over the whole tree; for tests.
  void check() const;

 private:
  static constexpr NodeId kNone = 0xffffffffU;

  struct Node {
    NodeId parent = kNone;
    uint64_t key = 0;          // identity of its first block, under the parent
    std::vector<Slice> label;  // its tokens
    int64_t blocks = 0;
    uint32_t holders = 0;  // calls whose prefix ends here or below
    uint32_t children = 0;
    NodeId older = kNone;  // in the eviction list, while nobody holds it
    NodeId newer = kNone;
  };
  struct ChildKey {
    NodeId parent;
    uint64_t key;
    bool operator==(const ChildKey& other) const { return parent == other.parent && key == other.key; }
  };
  struct ChildHash {
    size_t operator()(const ChildKey& k) const {
      return static_cast<size_t>(k.key ^ (uint64_t{k.parent} * 0x9e3779b97f4a7c15ULL));
    }
  };
  struct Step {
    NodeId child = kNone;
    uint32_t common = 0;  // tokens, full blocks
  };

  Step step(NodeId node, const Cursor& cursor, uint32_t limit) const;
  NodeId add_child(NodeId parent, uint64_t key);
  void remove(NodeId node);
  // Cuts a node after `tokens` tokens; the lower part keeps its id. Returns the upper part.
  NodeId split(NodeId node, uint32_t tokens);
  void hold_node(NodeId node);
  void unlink(NodeId node);
  void link_newest(NodeId node);
  void link_after(NodeId older, NodeId node);

  BlockPool& pool_;
  uint32_t block_size_;
  std::vector<Node> nodes_;
  std::vector<NodeId> unused_;
  std::unordered_map<ChildKey, NodeId, ChildHash> children_;
  NodeId oldest_ = kNone;
  NodeId newest_ = kNone;
  int64_t evicted_blocks_ = 0;
};

}  // namespace agentsim::serving
