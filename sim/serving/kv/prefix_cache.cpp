#include "sim/serving/kv/prefix_cache.hpp"

#include <algorithm>

namespace agentsim::serving {
namespace {

uint32_t label_tokens(const std::vector<Slice>& label) {
  uint32_t tokens = 0;
  for (const Slice& slice : label) tokens += slice.tokens();
  return tokens;
}

// Cuts `label` after `tokens` tokens and returns what follows.
std::vector<Slice> cut(std::vector<Slice>& label, uint32_t tokens) {
  size_t at = 0;
  while (at < label.size() && tokens >= label[at].tokens()) tokens -= label[at++].tokens();
  std::vector<Slice> rest(label.begin() + static_cast<std::ptrdiff_t>(at), label.end());
  label.resize(at);
  if (tokens > 0) {
    label.push_back({rest.front().stream, rest.front().begin, rest.front().begin + tokens});
    rest.front().begin += tokens;
  }
  return rest;
}

}  // namespace

PrefixCache::PrefixCache(BlockPool& pool, uint32_t block_size) : pool_(pool), block_size_(block_size) {
  nodes_.emplace_back();
  nodes_[kRoot].holders = 1;  // never evicted
}

PrefixCache::Step PrefixCache::step(NodeId node, const Cursor& cursor, uint32_t limit) const {
  if (limit < block_size_) return {};
  const auto found = children_.find({node, cursor.key(block_size_)});
  if (found == children_.end()) return {};
  const uint32_t common = cursor.common(nodes_[found->second].label, limit);
  return {found->second, common - common % block_size_};
}

uint32_t PrefixCache::match(const Content& content, uint32_t limit_tokens) const {
  Cursor cursor(content);
  NodeId node = kRoot;
  uint32_t matched = 0;
  while (true) {
    const Step next = step(node, cursor, limit_tokens - matched);
    if (next.common == 0) return matched;
    matched += next.common;
    if (next.common < nodes_[next.child].blocks * block_size_) return matched;
    cursor.skip(next.common);
    node = next.child;
  }
}

int64_t PrefixCache::unheld_blocks(const Content& content, uint32_t tokens) const {
  Cursor cursor(content);
  NodeId node = kRoot;
  int64_t unheld = 0;
  while (tokens > 0) {
    const Step next = step(node, cursor, tokens);
    AGENTSIM_CONTRACT(next.common > 0, "a matched prefix is no longer cached");
    if (nodes_[next.child].holders == 0) unheld += next.common / block_size_;
    cursor.skip(next.common);
    tokens -= next.common;
    node = next.child;
  }
  return unheld;
}

void PrefixCache::hold_node(NodeId node) {
  if (nodes_[node].holders++ > 0) return;
  unlink(node);
  pool_.hold(nodes_[node].blocks);
}

PrefixCache::NodeId PrefixCache::hold(const Content& content, uint32_t tokens) {
  Cursor cursor(content);
  NodeId node = kRoot;
  while (tokens > 0) {
    const Step next = step(node, cursor, tokens);
    AGENTSIM_CONTRACT(next.common > 0, "a matched prefix is no longer cached");
    NodeId child = next.child;
    if (next.common < nodes_[child].blocks * block_size_) child = split(child, next.common);
    hold_node(child);
    cursor.skip(next.common);
    tokens -= next.common;
    node = child;
  }
  return node;
}

PrefixCache::NodeId PrefixCache::extend(NodeId node, const Content& content, uint32_t from, uint32_t tokens) {
  Cursor cursor(content);
  cursor.skip(from);
  while (tokens > 0) {
    const Step next = step(node, cursor, tokens);
    if (next.common > 0) {
      // Computed twice at the same time: the first copy is kept.
      NodeId child = next.child;
      if (next.common < nodes_[child].blocks * block_size_) child = split(child, next.common);
      hold_node(child);
      pool_.give_back(next.common / block_size_);
      cursor.skip(next.common);
      tokens -= next.common;
      node = child;
      continue;
    }
    const bool grows = node != kRoot && nodes_[node].children == 0 && nodes_[node].holders == 1;
    if (!grows) {
      node = add_child(node, cursor.key(block_size_));
      nodes_[node].holders = 1;
    }
    cursor.append_to(nodes_[node].label, tokens);
    nodes_[node].blocks += tokens / block_size_;
    tokens = 0;
  }
  return node;
}

void PrefixCache::let_go(NodeId node) {
  while (node != kRoot) {
    Node& at = nodes_[node];
    AGENTSIM_CONTRACT(at.holders > 0, "a prefix is let go that nobody holds");
    if (--at.holders == 0) {
      pool_.let_go(at.blocks);
      link_newest(node);
    }
    node = at.parent;
  }
}

void PrefixCache::evict(int64_t blocks) {
  while (blocks > 0) {
    AGENTSIM_CONTRACT(oldest_ != kNone, "I2: {} blocks are to be evicted but none is cached", blocks);
    Node& victim = nodes_[oldest_];
    AGENTSIM_CONTRACT(victim.children == 0, "the oldest cached prefix still has continuations");
    const int64_t gone = std::min(blocks, victim.blocks);
    pool_.evict(gone);
    evicted_blocks_ += gone;
    blocks -= gone;
    if (gone == victim.blocks) {
      remove(oldest_);
    } else {
      victim.blocks -= gone;
      cut(victim.label, static_cast<uint32_t>(victim.blocks) * block_size_);
    }
  }
}

PrefixCache::NodeId PrefixCache::add_child(NodeId parent, uint64_t key) {
  NodeId id = static_cast<NodeId>(nodes_.size());
  if (unused_.empty()) {
    nodes_.emplace_back();
  } else {
    id = unused_.back();
    unused_.pop_back();
    nodes_[id] = Node{};
  }
  nodes_[id].parent = parent;
  nodes_[id].key = key;
  ++nodes_[parent].children;
  const bool added = children_.emplace(ChildKey{parent, key}, id).second;
  AGENTSIM_CONTRACT(added, "two different KV blocks have the same key");
  return id;
}

void PrefixCache::remove(NodeId node) {
  unlink(node);
  children_.erase({nodes_[node].parent, nodes_[node].key});
  --nodes_[nodes_[node].parent].children;
  nodes_[node] = Node{};
  unused_.push_back(node);
}

PrefixCache::NodeId PrefixCache::split(NodeId node, uint32_t tokens) {
  const NodeId parent = nodes_[node].parent;
  const uint64_t key = nodes_[node].key;
  children_.erase({parent, key});
  --nodes_[parent].children;
  const NodeId upper = add_child(parent, key);
  Node& low = nodes_[node];
  Node& high = nodes_[upper];
  std::vector<Slice> rest = cut(low.label, tokens);
  high.label = std::move(low.label);
  low.label = std::move(rest);
  high.blocks = tokens / block_size_;
  low.blocks -= high.blocks;
  high.holders = low.holders;
  high.children = 1;
  low.parent = upper;
  const Content below(low.label.data(), static_cast<uint32_t>(low.label.size()), Slice{});
  low.key = Cursor(below).key(block_size_);
  children_.emplace(ChildKey{upper, low.key}, node);
  // The lower part is evicted first.
  if (high.holders == 0) link_after(node, upper);
  return upper;
}

void PrefixCache::unlink(NodeId node) {
  Node& at = nodes_[node];
  (at.older == kNone ? oldest_ : nodes_[at.older].newer) = at.newer;
  (at.newer == kNone ? newest_ : nodes_[at.newer].older) = at.older;
  at.older = at.newer = kNone;
}

void PrefixCache::link_newest(NodeId node) {
  nodes_[node].older = newest_;
  nodes_[node].newer = kNone;
  (newest_ == kNone ? oldest_ : nodes_[newest_].newer) = node;
  newest_ = node;
}

void PrefixCache::link_after(NodeId older, NodeId node) {
  const NodeId newer = nodes_[older].newer;
  nodes_[node].older = older;
  nodes_[node].newer = newer;
  nodes_[older].newer = node;
  (newer == kNone ? newest_ : nodes_[newer].older) = node;
}

void PrefixCache::check() const {
  int64_t cached = 0;
  for (size_t i = 1; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.parent == kNone) continue;
    AGENTSIM_CONTRACT(label_tokens(node.label) == node.blocks * block_size_,
                      "I2: a node's tokens do not fill its blocks");
    AGENTSIM_CONTRACT(node.parent == kRoot || nodes_[node.parent].holders >= node.holders,
                      "I2: a held prefix has a gap");
    if (node.holders == 0) cached += node.blocks;
  }
  AGENTSIM_CONTRACT(cached == pool_.cached(), "I2: {} blocks are cached, the pool counts {}", cached,
                    pool_.cached());
  pool_.check();
}

}  // namespace agentsim::serving
