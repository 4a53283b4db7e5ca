#pragma once

#include "sim/base/hash.hpp"
#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// The identity of a token stream from what it stands for. Different words or numbers give different streams.
inline uint64_t stream_id(std::string_view kind, uint64_t a, uint64_t b = 0, uint64_t c = 0) {
  return mix64(Fnv1a().add(kind).add(a).add(b).add(c).value());
}

// Opens a call at the end of the plan; extend() then writes its prompt.
inline Call& add_call(SessionPlan& plan) {
  Call& call = plan.calls.emplace_back();
  call.first_slice = static_cast<uint32_t>(plan.slices.size());
  return call;
}

// Adds tokens to the prompt of the last call. A slice that goes on where the prompt ends becomes one with it.
inline void extend(SessionPlan& plan, Slice slice) {
  if (slice.tokens() == 0) return;
  Call& call = plan.calls.back();
  call.prompt_tokens += slice.tokens();
  if (call.slice_count > 0 && plan.slices.back().stream == slice.stream &&
      plan.slices.back().end == slice.begin) {
    plan.slices.back().end = slice.end;
    return;
  }
  plan.slices.push_back(slice);
  ++call.slice_count;
}

}  // namespace agentsim::workload
