#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sim/workload/plan.hpp"

namespace agentsim::serving {

using workload::Slice;

// The tokens of a call as the cache sees them: its prompt, then what it has generated so far. Borrowed from
// the plan, which `owner` keeps: a cancelled call is in its batch for a while after its session has ended.
class Content {
 public:
  Content() = default;
  Content(const Slice* prompt, uint32_t slices, Slice output, std::shared_ptr<const void> owner = {})
      : prompt_(prompt), slices_(slices), output_(output), owner_(std::move(owner)) {}

  uint32_t slice_count() const { return slices_ + (output_.tokens() > 0 ? 1U : 0U); }
  const Slice& slice(uint32_t i) const { return i < slices_ ? prompt_[i] : output_; }
  void set_output_tokens(uint32_t tokens) { output_.end = output_.begin + tokens; }

 private:
  const Slice* prompt_ = nullptr;
  uint32_t slices_ = 0;
  Slice output_;
  std::shared_ptr<const void> owner_;
};

// A place in a sequence of slices; walks forward only.
class Cursor {
 public:
  explicit Cursor(const Content& content) : content_(&content) {}

  // Moves on by tokens.
  void skip(uint32_t tokens);
  // The identity of the next `tokens` tokens: equal for equal tokens however they are cut into slices.
  uint64_t key(uint32_t tokens) const;
  // How many leading tokens agree with `label`, at most `limit`.
  uint32_t common(const std::vector<Slice>& label, uint32_t limit) const;
  // Appends the next `tokens` tokens to a label; neighbours of one stream are joined.
  void append_to(std::vector<Slice>& label, uint32_t tokens) const;

 private:
  template <class Visit>
  void walk(uint32_t tokens, Visit visit) const;

  const Content* content_;
  uint32_t slice_ = 0;
  uint32_t offset_ = 0;  // tokens of that slice already passed
};

}  // namespace agentsim::serving
