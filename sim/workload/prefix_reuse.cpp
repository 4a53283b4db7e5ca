#include "sim/workload/prefix_reuse.hpp"

#include <algorithm>

#include "sim/workload/block_hashes.hpp"

namespace agentsim::workload {
namespace {

constexpr size_t kLeastSlots = 1024;

}  // namespace

PrefixReuse::PrefixReuse(uint32_t block_tokens, size_t most)
    : block_(block_tokens), most_(most), table_(kLeastSlots, 0) {}

size_t PrefixReuse::slot(uint64_t hash) const {
  const size_t mask = table_.size() - 1;
  size_t at = (hash >> 20) & mask;
  while (table_[at] != 0 && table_[at] != hash) at = (at + 1) & mask;
  return at;
}

bool PrefixReuse::has(uint64_t hash) const {
  return table_[slot(hash)] != 0;
}

void PrefixReuse::rebuild(size_t slots) {
  std::vector<uint64_t> old(slots, 0);
  old.swap(table_);
  count_ = 0;
  const uint64_t low_bits = (uint64_t{1} << shift_) - 1;
  for (const uint64_t hash : old) {
    if (hash == 0 || (hash & low_bits) != 0) continue;
    table_[slot(hash)] = hash;
    ++count_;
  }
}

void PrefixReuse::insert(uint64_t hash) {
  uint64_t& place = table_[slot(hash)];
  if (place != 0) return;
  place = hash;
  ++count_;
  while (count_ > most_) {
    ++shift_;
    rebuild(table_.size());
  }
  if (4 * count_ > 3 * table_.size()) rebuild(2 * table_.size());
}

void PrefixReuse::clear() {
  shift_ = 0;
  count_ = 0;
  if (table_.size() > 64 * kLeastSlots)
    std::vector<uint64_t>(kLeastSlots, 0).swap(table_);
  else
    std::fill(table_.begin(), table_.end(), 0);
}

uint64_t PrefixReuse::add(const SessionPlan& plan, const Call& call, uint64_t known_tokens) {
  const BlockHashes hashes(plan, call, block_);
  const size_t known = std::min<size_t>(known_tokens / block_, hashes.blocks());
  if (shift_ == 0) {
    size_t low = known, high = hashes.blocks();  // blocks before `low` were seen, from `high` on not
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      has(hashes.at(middle)) ? low = middle + 1 : high = middle;
    }
    for (size_t i = low; i < hashes.blocks(); ++i) insert(hashes.at(i));
    return low * block_;
  }
  sample_.clear();
  const uint64_t low_bits = (uint64_t{1} << shift_) - 1;
  for (size_t i = known; i < hashes.blocks(); ++i)
    if (const uint64_t hash = hashes.at(i); (hash & low_bits) == 0) sample_.push_back(hash);
  const auto first_new =
      std::partition_point(sample_.begin(), sample_.end(), [&](uint64_t hash) { return has(hash); });
  const auto seen = static_cast<uint64_t>(first_new - sample_.begin());
  const uint64_t tokens = (known + (seen << shift_)) * block_;
  for (auto hash = first_new; hash != sample_.end(); ++hash) insert(*hash);
  return tokens;
}

}  // namespace agentsim::workload
