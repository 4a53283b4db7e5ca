#include "sim/workload/prefix_reuse.hpp"

#include <algorithm>

#include "sim/base/hash.hpp"

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
  if (2 * count_ > table_.size()) rebuild(2 * table_.size());
}

void PrefixReuse::clear() {
  shift_ = 0;
  count_ = 0;
  if (table_.size() > 64 * kLeastSlots)
    std::vector<uint64_t>(kLeastSlots, 0).swap(table_);
  else
    std::fill(table_.begin(), table_.end(), 0);
}

uint64_t PrefixReuse::add(const SessionPlan& plan, const Call& call) {
  sample_.clear();
  const uint64_t low_bits = (uint64_t{1} << shift_) - 1;
  uint64_t before = 0x9e3779b97f4a7c15ULL;  // stands for the slices that are over
  uint32_t begun = 0;                       // tokens of the prompt before the slice
  uint32_t end = block_;                    // of the next block
  for (uint32_t i = call.first_slice; i < call.first_slice + call.slice_count; ++i) {
    const Slice& slice = plan.slices[i];
    const uint64_t here = mix64(before ^ mix64(slice.stream + slice.begin * 0x9e3779b97f4a7c15ULL));
    for (; end <= begun + slice.tokens(); end += block_) {
      const uint64_t hash = std::max<uint64_t>(1, mix64(here + (end - begun)));
      if ((hash & low_bits) == 0) sample_.push_back(hash);
    }
    before = mix64(here + slice.tokens());
    begun += slice.tokens();
  }
  const auto first_new =
      std::partition_point(sample_.begin(), sample_.end(), [&](uint64_t hash) { return has(hash); });
  const auto seen = static_cast<uint64_t>(first_new - sample_.begin());
  const uint64_t tokens = seen * block_ << shift_;
  for (auto hash = first_new; hash != sample_.end(); ++hash) insert(*hash);
  return std::min<uint64_t>(tokens, call.prompt_tokens);
}

}  // namespace agentsim::workload
