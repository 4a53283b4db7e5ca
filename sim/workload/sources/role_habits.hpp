#pragma once

#include <string>

#include "sim/config/reader.hpp"
#include "sim/workload/distribution.hpp"

namespace agentsim::workload {

// When the front of an agent's context becomes another: it was compacted, cleared or edited, or its client
// wrote the prompt anew. What is left of the old front is found in caches, the rest is not.
struct ContextChange {
  std::string after = "any";
  double probability = 1.0;
  Distribution above{0.0};
  Distribution size{1.0};
  Distribution kept{0.0};
  bool restarts = false;
};

template <class V>
void describe(V& v, ContextChange& change) {
  v.choice("after", change.after, {"any", "tool", "human"},
           "before calls that follow tools, a person, or either");
  v.field("probability", change.probability, Dimension::number, config::kFraction, "per such call");
  v.value(
      "above", change.above,
      "only prompts longer than so many tokens; drawn when an agent begins and after each such change, above "
      "its prompt then");
  v.value("size", change.size, "length of the prompt after it, as a share of the one before");
  v.value("kept", change.kept, "front of it that is as it was, as a share of the shorter of the two");
  v.field("restarts", change.restarts,
          "whether the agent has to find its way anew: 'early_growth' begins again");
}

// A context grows fastest while its agent finds its way: before its call k, k = 1, 2, ..., the first being 0,
// new tokens are multiplied by 1 + (first - 1) k^-decay.
struct EarlyGrowth {
  double first = 1.0;
  double decay = 1.5;
};

template <class V>
void describe(V& v, EarlyGrowth& growth) {
  v.field("first", growth.first, Dimension::number, config::Bounds{0.0, 1e4},
          "what the second call's are multiplied by");
  v.field("decay", growth.decay, Dimension::number, config::Bounds{0.0, 100.0},
          "exponent with which that nears 1 over the calls");
}

// What an agent multiplies all its draws by, drawn once: calls of one agent are more alike than those of two.
struct AgentFactors {
  Distribution steps_per_turn{1.0};
  Distribution new_tokens{1.0};
  Distribution output{1.0};
  Distribution tool{1.0};
  Distribution think{1.0};
};

template <class V>
void describe(V& v, AgentFactors& factors) {
  v.value("steps_per_turn", factors.steps_per_turn, "for steps_per_turn");
  v.value("new_tokens", factors.new_tokens, "for new_tokens and human_tokens");
  v.value("output", factors.output, "for output");
  v.value("tool", factors.tool, "for tool");
  v.value("think", factors.think, "for think");
}

}  // namespace agentsim::workload
