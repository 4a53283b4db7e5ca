#pragma once

#include <algorithm>
#include <vector>

#include "sim/workload/plan_builder.hpp"

namespace agentsim::workload {

// The content of an agent's context, as prompts are known by their lengths only: it is kept from its front,
// and what is added has an identity of its own.
class GrowingContext {
 public:
  // `kind`, `a` and `b` name the agent.
  GrowingContext(std::string_view kind, uint64_t a, uint64_t b) : kind_(kind), a_(a), b_(b) { renew(); }

  uint32_t tokens() const { return tokens_; }
  // Adds tokens of another stream, known elsewhere.
  void add(Slice slice) {
    if (slice.tokens() == 0) return;
    slices_.push_back(slice);
    tokens_ += slice.tokens();
  }
  // Adds new tokens.
  void grow(uint32_t tokens) {
    if (tokens == 0) return;
    if (!slices_.empty() && slices_.back().stream == stream_ && slices_.back().end == position_)
      slices_.back().end += tokens;
    else
      slices_.push_back({stream_, position_, position_ + tokens});
    position_ += tokens;
    tokens_ += tokens;
  }
  // The next new tokens do not follow the last ones: what stood between them is not in the context.
  void skip(uint32_t tokens) { position_ += tokens; }
  // Forgets all behind the first `tokens`; what is added next was never there before.
  void keep(uint32_t tokens) {
    if (tokens >= tokens_) return;
    while (tokens_ > tokens) {
      const uint32_t cut = std::min(tokens_ - tokens, slices_.back().tokens());
      slices_.back().end -= cut;
      tokens_ -= cut;
      if (slices_.back().tokens() == 0) slices_.pop_back();
    }
    ++renewals_;
    renew();
  }
  // The context, at most so much of its front, is the prompt of a new call at the end of the plan; its output
  // follows in the stream.
  Call& add_prompt(SessionPlan& plan, uint32_t output_tokens, uint32_t most = UINT32_MAX) const {
    add_call(plan);
    for (Slice slice : slices_) {
      slice.end = slice.begin + std::min(slice.tokens(), most);
      most -= slice.tokens();
      extend(plan, slice);
    }
    Call& call = plan.calls.back();
    call.output_tokens = output_tokens;
    call.output_stream = stream_;
    call.output_begin = position_;
    return call;
  }

 private:
  void renew() {
    stream_ = stream_id(kind_, a_, b_, renewals_);
    position_ = 0;
  }

  std::string_view kind_;
  uint64_t a_, b_;
  uint64_t renewals_ = 0;
  uint64_t stream_ = 0;
  uint32_t position_ = 0;
  uint32_t tokens_ = 0;
  std::vector<Slice> slices_;
};

}  // namespace agentsim::workload
