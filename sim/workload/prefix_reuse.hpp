#pragma once

#include <cstdint>
#include <vector>

#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// How much of each prompt stands, as a prefix in whole blocks, in the prompts before it: the hit rate of a
// prefix cache without limits. Output counts once it comes back in a prompt.
//
// A block is known by a hash of all tokens up to its end, so a block that was seen says that those before it
// were. Beyond `most` blocks it keeps only every 2nd, 4th, ... hash (a fixed-size spatial sample, as SHARDS
// by Waldspurger et al., FAST 2015, but of blocks that hit or miss as a prefix) and counts each for as many.
class PrefixReuse {
 public:
  explicit PrefixReuse(uint32_t block_tokens, size_t most = SIZE_MAX);

  // Tokens of this prompt that were seen before; once sampled, right in the mean only. So many tokens at its
  // front are known to have been: they count exactly.
  uint64_t add(const SessionPlan& plan, const Call& call, uint64_t known_tokens = 0);
  void clear();
  bool is_sampled() const { return shift_ > 0; }

 private:
  bool has(uint64_t hash) const;
  void insert(uint64_t hash);
  void rebuild(size_t slots);
  size_t slot(uint64_t hash) const;

  uint32_t block_;
  size_t most_;
  unsigned shift_ = 0;  // keeps the hashes whose last `shift_` bits are 0
  size_t count_ = 0;
  std::vector<uint64_t> table_;  // open addressing, a power of two; 0: empty
  std::vector<uint64_t> sample_;
};

}  // namespace agentsim::workload
