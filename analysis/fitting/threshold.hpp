#pragma once

#include <vector>

#include "analysis/fitting/curve.hpp"

namespace agentsim::fitting {

// A piece of an agent's life between two compactions: its context grew from one length to another, where it
// was compacted or the agent ended.
struct GrowingSpan {
  double from = 0.0;
  double to = 0.0;
  bool is_compacted = false;
};

// The length above which contexts are compacted: the product-limit estimate (Kaplan and Meier 1958) of left
// truncated, right censored lives. Those that nobody reached are `longest`.
Curve threshold_of(const std::vector<GrowingSpan>& spans, double longest);

}  // namespace agentsim::fitting
