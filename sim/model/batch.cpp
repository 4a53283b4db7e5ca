#include "sim/model/batch.hpp"

#include <algorithm>
#include <cmath>

namespace agentsim::model {
namespace {

Batch& least(std::vector<Batch>& parts) {
  return *std::min_element(parts.begin(), parts.end(),
                           [](const Batch& a, const Batch& b) { return a.tokens() < b.tokens(); });
}

}  // namespace

int64_t Batch::prompt_tokens() const {
  double sum = 0.0;
  for (const Chunk& chunk : chunks) sum += chunk.tokens;
  return std::llround(sum);
}

int64_t Batch::tokens() const {
  return prompt_tokens() + decoding * width;
}

std::vector<Batch> spread(const Batch& batch, int64_t parts) {
  const int64_t count = part_count(batch, parts);
  if (count == 1) return {batch};
  Batch empty;
  empty.width = batch.width;
  std::vector<Batch> all(static_cast<size_t>(count), empty);
  std::vector<Chunk> chunks = batch.chunks;
  std::stable_sort(chunks.begin(), chunks.end(),
                   [](const Chunk& a, const Chunk& b) { return a.tokens > b.tokens; });
  for (const Chunk& chunk : chunks) least(all).chunks.push_back(chunk);
  for (int64_t i = 0; i < batch.decoding; ++i) {
    Batch& part = least(all);
    ++part.decoding;
    if (!batch.contexts.empty()) part.contexts.push_back(batch.contexts[static_cast<size_t>(i)]);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Batch& a, const Batch& b) { return a.tokens() > b.tokens(); });
  // Which chunks end their prompts is not known: those of the first parts.
  int64_t finished = batch.finished_prompts;
  for (Batch& part : all) {
    part.finished_prompts = std::min(finished, static_cast<int64_t>(part.chunks.size()));
    finished -= part.finished_prompts;
    if (batch.decoding > 0)
      part.context_share =
          batch.context_share * static_cast<double>(part.decoding) / static_cast<double>(batch.decoding);
  }
  return all;
}

int64_t part_count(const Batch& batch, int64_t parts) {
  return std::clamp<int64_t>(batch.sequences(), 1, parts);
}

Batch largest_part(const Batch& batch, int64_t parts) {
  const int64_t count = part_count(batch, parts);
  if (!batch.chunks.empty() || !batch.contexts.empty()) return spread(batch, parts).front();
  Batch part = batch;
  if (count == 1) return part;
  part.finished_prompts = 0;
  part.decoding = (batch.decoding + count - 1) / count;
  part.context_share =
      batch.context_share * static_cast<double>(part.decoding) / static_cast<double>(batch.decoding);
  return part;
}

}  // namespace agentsim::model
