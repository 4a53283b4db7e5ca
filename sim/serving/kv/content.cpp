#include "sim/serving/kv/content.hpp"

#include <algorithm>

#include "sim/base/contract.hpp"
#include "sim/base/hash.hpp"

namespace agentsim::serving {

// Visits the next tokens piece by piece; stops early where visit returns false.
template <class Visit>
void Cursor::walk(uint32_t tokens, Visit visit) const {
  uint32_t slice = slice_;
  uint32_t offset = offset_;
  while (tokens > 0 && slice < content_->slice_count()) {
    const Slice& at = content_->slice(slice);
    const uint32_t take = std::min(tokens, at.tokens() - offset);
    if (take > 0 && !visit(Slice{at.stream, at.begin + offset, at.begin + offset + take})) return;
    tokens -= take;
    offset = 0;
    ++slice;
  }
  AGENTSIM_CONTRACT(tokens == 0, "a call's content ends {} tokens early", tokens);
}

void Cursor::skip(uint32_t tokens) {
  while (tokens > 0) {
    AGENTSIM_CONTRACT(slice_ < content_->slice_count(), "a cursor ran {} tokens past its content", tokens);
    const uint32_t left = content_->slice(slice_).tokens() - offset_;
    if (tokens < left) {
      offset_ += tokens;
      return;
    }
    tokens -= left;
    offset_ = 0;
    ++slice_;
  }
}

uint64_t Cursor::key(uint32_t tokens) const {
  uint64_t hash = 0;
  Slice open;
  const auto close = [&] {
    if (open.tokens() > 0)
      hash = mix64(hash ^ mix64(open.stream ^ mix64((uint64_t{open.begin} << 32) | open.tokens())));
  };
  walk(tokens, [&](const Slice& piece) {
    if (open.tokens() > 0 && open.stream == piece.stream && open.end == piece.begin) {
      open.end = piece.end;
    } else {
      close();
      open = piece;
    }
    return true;
  });
  close();
  return hash;
}

uint32_t Cursor::common(const std::vector<Slice>& label, uint32_t limit) const {
  uint32_t matched = 0;
  size_t at = 0;
  uint32_t offset = 0;
  walk(limit, [&](Slice piece) {
    while (piece.tokens() > 0) {
      if (at == label.size()) return false;
      const Slice& other = label[at];
      if (other.stream != piece.stream || other.begin + offset != piece.begin) return false;
      const uint32_t take = std::min(piece.tokens(), other.tokens() - offset);
      matched += take;
      piece.begin += take;
      offset += take;
      if (offset == other.tokens()) {
        ++at;
        offset = 0;
      }
    }
    return true;
  });
  return matched;
}

void Cursor::append_to(std::vector<Slice>& label, uint32_t tokens) const {
  walk(tokens, [&](const Slice& piece) {
    if (!label.empty() && label.back().stream == piece.stream && label.back().end == piece.begin)
      label.back().end = piece.end;
    else
      label.push_back(piece);
    return true;
  });
}

}  // namespace agentsim::serving
