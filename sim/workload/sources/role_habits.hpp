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
  v.value("output", factors.output, "for output and reasoning");
  v.value("tool", factors.tool, "for tool and the durations of tools");
  v.value("think", factors.think, "for think");
}

// A kind of tool that an agent calls.
struct ToolKind {
  std::string name;
  double weight = 1.0;
  Distribution duration{0.0, Dimension::time};
  std::string resource;
};

template <class V>
void describe(V& v, ToolKind& tool) {
  using config::Need;
  v.field("name", tool.name, "what results call it", Need::required);
  v.field("weight", tool.weight, Dimension::number, config::kPositive, "how often, relative to the others");
  v.value("duration", tool.duration, "once it runs", Need::required);
  v.field("resource", tool.resource, "one of the scenario's resources, for which it queues");
}

// Replies that are of no use: the call is made again with the same prompt.
struct Failure {
  double probability = 0.0;
  int64_t retries = 3;
  Distribution delay{0.0, Dimension::time};
};

template <class V>
void describe(V& v, Failure& failure) {
  v.field("probability", failure.probability, Dimension::number, config::kFraction, "per call");
  v.field("retries", failure.retries, config::Bounds{0, 100},
          "calls made again one after the other before the agent gives up and ends");
  v.value("delay", failure.delay, "before a call is made again");
}

// What an agent reads of the agents that were spawned together with it, while all are at work.
struct MessageRule {
  std::string from;
  double probability = 0.0;
  Distribution tokens{0.0};
};

template <class V>
void describe(V& v, MessageRule& rule) {
  using config::Need;
  v.field("from", rule.from, "role of the sender, one of those spawned by the same call", Need::required);
  v.field("probability", rule.probability, Dimension::number, config::kFraction,
          "per call but the first, which then waits for the sender's call of the number before its own",
          Need::required);
  v.value("tokens", rule.tokens, "that it adds to the context", Need::required);
}

// When an agent sends out others.
struct SpawnRule {
  std::string role;
  double probability = 0.0;
  double agents = 1.0;
  std::string when = "tool";
  Distribution count{1.0};
  int64_t depth = 1;
  Distribution delay{0.0, Dimension::time};
  std::string join = "all";
  int64_t quorum = 1;
  std::string context = "fresh";
};

template <class V>
void describe(V& v, SpawnRule& rule) {
  using config::Bounds;
  v.field("role", rule.role, "role of the spawned agents", config::Need::required);
  v.field("probability", rule.probability, Dimension::number, config::kFraction, "per call that 'when' names",
          config::Need::required);
  v.field("agents", rule.agents, Dimension::number, config::kFraction,
          "share of the role's agents that ever follow the rule, drawn once an agent");
  v.choice("when", rule.when, {"first", "tool", "turn"},
           "after the agent's first call, each call that is followed by a tool, or the last of each turn");
  v.value("count", rule.count, "agents spawned at once");
  v.field("depth", rule.depth, Bounds{1, 16},
          "deepest level at which a spawned agent may be; the root's level is 0");
  v.value("delay", rule.delay, "from the call to the spawned agent's first");
  v.choice("join", rule.join, {"all", "any", "detached", "none", "quorum"},
           "what the next call waits for; those that it does not wait for are cancelled. detached, none: it "
           "waits for nobody and nobody is cancelled");
  v.field("quorum", rule.quorum, Bounds{1, 1e4}, "of a quorum: how many have to end");
  v.choice("context", rule.context, {"fresh", "snapshot"},
           "what the spawned agent's context begins with: its role's prefix, or its parent's context");
}

}  // namespace agentsim::workload
