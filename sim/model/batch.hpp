#pragma once

#include <cstdint>
#include <vector>

#include "sim/model/op_time.hpp"

namespace agentsim::model {

// What one step processes: chunks of prompts and new tokens of decoding sequences.
struct Batch {
  std::vector<Chunk> chunks;
  int64_t finished_prompts = 0;  // chunks that end their prompt and so give a first token
  int64_t decoding = 0;          // sequences
  std::vector<double> contexts;  // of those, where there are chunks too: tokens before the new one
  int64_t width = 1;             // new tokens of each of them; more than one where guesses are checked
  double context_share = 1.0;    // of the summed context of a larger batch, where this is a part of one

  int64_t sequences() const { return static_cast<int64_t>(chunks.size()) + decoding; }
  int64_t tokens() const;
  int64_t prompt_tokens() const;
};

// The parts of a batch that are processed apart from each other, as even as whole sequences allow; the first is the one
// with most tokens. No more than it has sequences.
std::vector<Batch> spread(const Batch& batch, int64_t parts);
// The first of them, and how many there are.
Batch largest_part(const Batch& batch, int64_t parts);
int64_t part_count(const Batch& batch, int64_t parts);

}  // namespace agentsim::model
