#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "sim/base/random_stream.hpp"
#include "sim/base/suggest.hpp"
#include "sim/workload/plan_builder.hpp"
#include "sim/workload/session_source.hpp"
#include "sim/workload/sources/role_spec.hpp"

namespace agentsim::workload {
namespace {

// More than any sane session has: a rule that spawns without end is the user's mistake, not a full memory.
constexpr size_t kMostCalls = 100'000;
constexpr size_t kMostAgents = 10'000;

struct Role {
  std::string name;
  RoleSpec spec;
  uint64_t prefix_stream = 0;
  std::vector<uint16_t> spawned;  // role of each spawn rule
};

// Draws one session. An agent's context is its role's prefix and one stream of its own that grows: prompt,
// output, tool result, output, ... Compaction leaves a summary, all new, so it begins another stream; the
// call that writes the summary is not simulated.
class SessionDraw {
 public:
  SessionDraw(const std::vector<Role>& roles, uint64_t seed, size_t index)
      : roles_(roles), random_(seed, "session", index), index_(index) {}

  SessionPlan draw(uint16_t root) {
    pending_.push_back({root, -1, 0, -1, 0});
    for (; !pending_.empty(); pending_.pop_front()) draw_agent(pending_.front());
    return std::move(plan_);
  }

 private:
  struct Pending {
    uint16_t role = 0;
    int32_t parent = -1;
    uint32_t spawn_call = 0;
    int32_t join_call = -1;
    int64_t depth = 0;
  };

  // The growing part of an agent's context: tokens [0, tokens) of a stream.
  struct Context {
    uint64_t stream = 0;
    uint32_t tokens = 0;
    uint64_t compactions = 0;
  };

  void draw_agent(const Pending pending) {
    const Role& role = roles_[pending.role];
    agent_ = plan_.agents.size();
    if (agent_ >= kMostAgents)
      throw ConfigError(
          fmt::format("session {} has more than {} agents: the spawn rules of the roles go too far", index_,
                      kMostAgents));
    Agent& agent = plan_.agents.emplace_back();
    agent.first_call = static_cast<uint32_t>(plan_.calls.size());
    agent.role = pending.role;
    agent.parent = pending.parent;
    agent.spawn_call = pending.spawn_call;
    agent.join_call = pending.join_call;
    context_ = {stream_id("agent", index_, agent_), role.spec.first_prompt.draw_count(random_), 0};
    const uint32_t turns = role.spec.turns.draw_count(random_, 1);
    for (uint32_t turn = 0; turn < turns; ++turn) {
      if (turn > 0) context_.tokens += role.spec.human_tokens.draw_count(random_);
      draw_turn(role, pending.depth, turn);
    }
    plan_.agents[agent_].call_count =
        static_cast<uint32_t>(plan_.calls.size()) - plan_.agents[agent_].first_call;
  }

  void draw_turn(const Role& role, int64_t depth, uint32_t turn) {
    const uint32_t steps = role.spec.steps_per_turn.draw_count(random_, 1);
    bool waits = false;  // for agents that the call before spawned
    for (uint32_t step = 0; step < steps; ++step) {
      add_role_call(role);
      Call& call = plan_.calls.back();
      if (step > 0) {
        call.gap = Gap::tool;
        call.gap_s = waits ? 0.0 : role.spec.tool.draw(random_);
      } else if (turn > 0) {
        call.gap = Gap::human;
        call.gap_s = role.spec.think.draw(random_);
      }
      if (step + 1 == steps) return;
      context_.tokens += role.spec.new_tokens.draw_count(random_);
      waits = spawn(role, depth);
    }
  }

  void add_role_call(const Role& role) {
    if (plan_.calls.size() >= kMostCalls)
      throw ConfigError(fmt::format("session {} has more than {} calls: the role '{}' takes too many steps",
                                    index_, kMostCalls, role.name));
    const auto prefix = static_cast<uint32_t>(role.spec.prefix);
    const auto limit = static_cast<uint32_t>(role.spec.context_limit);
    if (prefix + context_.tokens == 0) context_.tokens = 1;  // a prompt has at least one token
    uint32_t output = role.spec.output.draw_count(random_, 1);
    if (uint64_t{prefix} + context_.tokens + output > limit) {
      context_.tokens = std::min(context_.tokens, static_cast<uint32_t>(role.spec.compact_to));
      context_.stream = stream_id("agent", index_, agent_, ++context_.compactions);
      output = std::min(output, limit - prefix - context_.tokens);
    }
    Call& call = add_call(plan_);
    call.output_tokens = output;
    call.output_stream = context_.stream;
    call.output_begin = context_.tokens;
    extend(plan_, {role.prefix_stream, 0, prefix});
    extend(plan_, {context_.stream, 0, context_.tokens});
    context_.tokens += output;
  }

  // After the agent's last call so far. True if its next call waits for the spawned agents.
  bool spawn(const Role& role, int64_t depth) {
    const auto call = static_cast<uint32_t>(plan_.calls.size() - plan_.agents[agent_].first_call - 1);
    bool waits = false;
    for (size_t i = 0; i < role.spec.spawn.size(); ++i) {
      const SpawnRule& rule = role.spec.spawn[i];
      // Drawn even where the depth forbids it, so that a deeper limit changes nothing else of the parent.
      const bool happens = random_.uniform() < rule.probability;
      if (!happens || depth >= rule.depth) continue;
      const bool joins = rule.join == "all";
      const uint32_t count = std::min(rule.count.draw_count(random_), static_cast<uint32_t>(kMostAgents));
      for (uint32_t k = 0; k < count; ++k) {
        const int32_t join_call = joins ? static_cast<int32_t>(call + 1) : -1;
        pending_.push_back({role.spawned[i], static_cast<int32_t>(agent_), call, join_call, depth + 1});
        if (joins) context_.tokens += roles_[role.spawned[i]].spec.returns.draw_count(random_);
        waits = waits || joins;
      }
    }
    return waits;
  }

  const std::vector<Role>& roles_;
  RandomStream random_;
  uint64_t index_;
  SessionPlan plan_;
  std::deque<Pending> pending_;
  size_t agent_ = 0;
  Context context_;
};

// Sessions drawn from descriptions of roles.
class RoleSessions : public SessionSource {
 public:
  RoleSessions(const RoleBook& book, const std::string& root, uint64_t seed) : seed_(seed) {
    for (const auto& [name, spec] : book.roles) names_.roles.push_back(name);
    for (const auto& [name, spec] : book.roles) {
      Role& role = all_.emplace_back(Role{name, spec, stream_id("role " + name, 0), {}});
      for (const SpawnRule& rule : spec.spawn) role.spawned.push_back(number(rule.role));
    }
    root_ = number(root);
    notes_ = {"the calls that write a summary when a context is compacted are not simulated"};
  }

  SessionPlan plan(size_t index) const override { return SessionDraw(all_, seed_, index).draw(root_); }

 private:
  uint16_t number(const std::string& role) const {
    const auto found = std::find(names_.roles.begin(), names_.roles.end(), role);
    if (found == names_.roles.end())
      throw ConfigError(std::vector<Diagnostic>{
          {Place{}, fmt::format("unknown root role '{}'", role), nearest(role, names_.roles), names_.roles, ""}});
    return static_cast<uint16_t>(found - names_.roles.begin());
  }

  std::vector<Role> all_;
  uint16_t root_ = 0;
  uint64_t seed_;
};

class RoleOptions : public Described<RoleOptions, SourceOptions> {
 public:
  template <class V>
  void parameters(V& v) {
    v.value("file", book_, "roles: a file, a name under scenarios/roles, or a map", config::Need::required);
    v.field("root", root_, "role of a session's root agent", config::Need::required);
  }
  std::unique_ptr<SessionSource> open(uint64_t seed) const override {
    return std::make_unique<RoleSessions>(book_, root_, seed);
  }

 private:
  RoleBook book_;
  std::string root_;
};

const Sources::Entry entry("roles", "sessions drawn from descriptions of roles",
                           [] { return std::make_unique<RoleOptions>(); });

}  // namespace
}  // namespace agentsim::workload
