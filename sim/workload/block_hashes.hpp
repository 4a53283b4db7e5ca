#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/base/hash.hpp"
#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// Hashes of a prompt's front up to the end of each of its whole blocks: equal hashes are equal prefixes.
class BlockHashes {
 public:
  BlockHashes(const SessionPlan& plan, const Call& call, uint32_t block_tokens) : block_(block_tokens) {
    uint64_t before = 0x9e3779b97f4a7c15ULL;  // stands for the slices that are over
    for (uint32_t i = call.first_slice; i < call.first_slice + call.slice_count; ++i) {
      const Slice& slice = plan.slices[i];
      const uint64_t here = mix64(before ^ mix64(slice.stream + slice.begin * 0x9e3779b97f4a7c15ULL));
      pieces_.push_back({tokens_, here});
      before = mix64(here + slice.tokens());
      tokens_ += slice.tokens();
    }
    whole_ = before;
  }

  size_t blocks() const { return tokens_ / block_; }
  // Never 0.
  uint64_t at(size_t block) const {
    const uint64_t end = (block + 1) * block_;
    const auto after = std::lower_bound(pieces_.begin(), pieces_.end(), end,
                                        [](const Piece& piece, uint64_t to) { return piece.begin < to; });
    const Piece& piece = *std::prev(after);
    return std::max<uint64_t>(1, mix64(piece.hash + (end - piece.begin)));
  }
  // Of the whole prompt.
  uint64_t whole() const { return whole_; }

 private:
  struct Piece {
    uint64_t begin = 0;  // tokens before the slice
    uint64_t hash = 0;
  };
  uint64_t block_;
  uint64_t tokens_ = 0;
  uint64_t whole_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace agentsim::workload
