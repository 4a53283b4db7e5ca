#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "sim/base/random_stream.hpp"
#include "sim/base/suggest.hpp"
#include "sim/workload/growing_context.hpp"
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

// The role of a session's root agent: one, or a choice by weight.
struct Root {
  std::vector<std::pair<uint16_t, double>> roles;

  uint16_t draw(RandomStream& random) const {
    if (roles.size() == 1) return roles.front().first;
    double total = 0.0;
    for (const auto& [role, weight] : roles) total += weight;
    double left = random.uniform() * total;
    for (const auto& [role, weight] : roles) {
      if (left < weight) return role;
      left -= weight;
    }
    return roles.back().first;
  }
};

// Draws one session. An agent's context is its role's prefix and one stream of its own that grows: prompt,
// output, tool result, output, ... Compaction leaves a summary, all new, so it begins another stream; the
// call that writes the summary is not simulated.
class SessionDraw {
 public:
  SessionDraw(const std::vector<Role>& roles, uint64_t seed, size_t index)
      : roles_(roles), random_(seed, "session", index), index_(index) {}

  SessionPlan draw(const Root& root) {
    pending_.push_back({root.draw(random_), -1, 0, -1, 0});
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

  // What one agent draws once.
  struct Traits {
    double steps_per_turn = 1.0;
    double new_tokens = 1.0;
    double output = 1.0;
    double tool = 1.0;
    double think = 1.0;
    uint32_t calls = 0;           // 0: as its turns say
    std::vector<double> above;    // of each context change
    size_t restart = 0;           // call from which early growth counts
    std::vector<bool> may_spawn;  // by each spawn rule
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
    context_ = GrowingContext("agent", index_, agent_);
    context_.add({role.prefix_stream, 0, static_cast<uint32_t>(role.spec.prefix)});
    context_.grow(role.spec.first_prompt.draw_count(random_));
    draw_traits(role.spec);
    const uint32_t turns = traits_.calls > 0 ? traits_.calls : role.spec.turns.draw_count(random_, 1);
    for (uint32_t turn = 0; turn < turns && calls_left() > 0; ++turn) {
      if (turn > 0) context_.grow(count(role.spec.human_tokens, growth(role.spec)));
      draw_turn(role, pending.depth, turn);
    }
    plan_.agents[agent_].call_count =
        static_cast<uint32_t>(plan_.calls.size()) - plan_.agents[agent_].first_call;
  }

  void draw_traits(const RoleSpec& spec) {
    traits_ = Traits();
    traits_.steps_per_turn = spec.factors.steps_per_turn.draw(random_);
    traits_.new_tokens = spec.factors.new_tokens.draw(random_);
    traits_.output = spec.factors.output.draw(random_);
    traits_.tool = spec.factors.tool.draw(random_);
    traits_.think = spec.factors.think.draw(random_);
    traits_.calls = spec.calls.draw_count(random_);
    for (const ContextChange& change : spec.context_changes)
      traits_.above.push_back(draw_above(change.above, context_.tokens()));
    for (const SpawnRule& rule : spec.spawn)
      traits_.may_spawn.push_back(rule.agents >= 1.0 || random_.uniform() < rule.agents);
  }

  // The distribution behind `low`, by drawing again; its largest draw where it hardly goes so far.
  double draw_above(const Distribution& distribution, uint32_t low) {
    constexpr int kMostTries = 100;
    double most = 0.0;
    for (int i = 0; i < kMostTries; ++i) {
      const double drawn = distribution.draw(random_);
      if (drawn >= low) return drawn;
      if (distribution.is_constant()) return drawn;
      most = std::max(most, drawn);
    }
    return most;
  }

  uint32_t count(const Distribution& distribution, double factor, uint32_t low = 0) {
    const double value = std::round(distribution.draw(random_) * factor);
    return static_cast<uint32_t>(std::clamp(value, static_cast<double>(low), 0x1p30));
  }

  size_t calls_made() const { return plan_.calls.size() - plan_.agents[agent_].first_call; }

  // What the new tokens of the agent's next call are multiplied by.
  double growth(const RoleSpec& spec) const {
    const EarlyGrowth& early = spec.early_growth;
    if (early.first == 1.0) return traits_.new_tokens;
    return traits_.new_tokens *
           (1.0 + (early.first - 1.0) *
                      std::pow(static_cast<double>(calls_made() - traits_.restart), -early.decay));
  }

  uint32_t calls_left() const {
    const size_t made = calls_made();
    return traits_.calls == 0 ? UINT32_MAX : traits_.calls - static_cast<uint32_t>(made);
  }

  void draw_turn(const Role& role, int64_t depth, uint32_t turn) {
    const uint32_t steps = std::min(count(role.spec.steps_per_turn, traits_.steps_per_turn, 1), calls_left());
    bool waits = false;  // for agents that the call before spawned
    for (uint32_t step = 0; step < steps; ++step) {
      const Gap gap = step > 0 ? Gap::tool : turn > 0 ? Gap::human : Gap::none;
      if (gap != Gap::none) change_context(role.spec, gap);
      add_role_call(role);
      Call& call = plan_.calls.back();
      call.gap = gap;
      if (gap == Gap::tool)
        call.gap_s = waits ? 0.0 : role.spec.tool.draw(random_) * traits_.tool;
      else if (gap == Gap::human)
        call.gap_s = role.spec.think.draw(random_) * traits_.think;
      if (step + 1 == steps) return;
      context_.grow(count(role.spec.new_tokens, growth(role.spec)));
      waits = spawn(role, depth);
    }
  }

  // Before a call that follows `gap`, its new tokens being in the context.
  void change_context(const RoleSpec& spec, Gap gap) {
    for (size_t i = 0; i < spec.context_changes.size(); ++i) {
      const ContextChange& change = spec.context_changes[i];
      if (change.after != "any" && (change.after == "tool") != (gap == Gap::tool)) continue;
      const uint32_t before = context_.tokens();
      if (before <= traits_.above[i]) continue;
      if (change.probability < 1.0 && random_.uniform() >= change.probability) continue;
      const uint32_t after = count(change.size, before, 1);
      const uint32_t kept = std::min(count(change.kept, std::min(before, after)), after);
      context_.keep(kept);
      context_.grow(after - context_.tokens());
      traits_.above[i] = draw_above(change.above, after);
      if (change.restarts) traits_.restart = calls_made();
      return;
    }
  }

  void add_role_call(const Role& role) {
    if (plan_.calls.size() >= kMostCalls)
      throw ConfigError(fmt::format("session {} has more than {} calls: the role '{}' takes too many steps",
                                    index_, kMostCalls, role.name));
    const auto prefix = static_cast<uint32_t>(role.spec.prefix);
    const auto limit = static_cast<uint32_t>(role.spec.context_limit);
    if (context_.tokens() == 0) context_.grow(1);  // a prompt has at least one token
    uint32_t output = count(role.spec.output, traits_.output, 1);
    if (uint64_t{context_.tokens()} + output > limit) {
      const uint32_t left = std::min(context_.tokens(), prefix + static_cast<uint32_t>(role.spec.compact_to));
      context_.keep(std::min(prefix, left));
      context_.grow(left - context_.tokens());
      output = std::min(output, limit - context_.tokens());
    }
    context_.add_prompt(plan_, output);
    context_.grow(output);
  }

  // After the agent's last call so far. True if its next call waits for the spawned agents.
  bool spawn(const Role& role, int64_t depth) {
    const auto call = static_cast<uint32_t>(plan_.calls.size() - plan_.agents[agent_].first_call - 1);
    bool waits = false;
    for (size_t i = 0; i < role.spec.spawn.size(); ++i) {
      const SpawnRule& rule = role.spec.spawn[i];
      // Drawn even where the depth forbids it, so that a deeper limit changes nothing else of the parent.
      const bool happens = random_.uniform() < rule.probability;
      if (!happens || !traits_.may_spawn[i] || depth >= rule.depth) continue;
      const bool joins = rule.join == "all";
      const uint32_t count = std::min(rule.count.draw_count(random_), static_cast<uint32_t>(kMostAgents));
      for (uint32_t k = 0; k < count; ++k) {
        const int32_t join_call = joins ? static_cast<int32_t>(call + 1) : -1;
        pending_.push_back({role.spawned[i], static_cast<int32_t>(agent_), call, join_call, depth + 1});
        if (joins) context_.grow(roles_[role.spawned[i]].spec.returns.draw_count(random_));
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
  Traits traits_;
  GrowingContext context_{"agent", 0, 0};
};

// Sessions drawn from descriptions of roles.
class RoleSessions : public SessionSource {
 public:
  RoleSessions(const RoleBook& book, const std::string& root, uint64_t seed) : seed_(seed) {
    for (const auto& [name, spec] : book.roles) names_.roles.push_back(name);
    for (const auto& [name, spec] : book.roles) {
      Role& role = all_.emplace_back(Role{name, spec, stream_id("role " + name, 0), {}});
      for (const SpawnRule& rule : spec.spawn) role.spawned.push_back(number(rule.role, book));
    }
    const auto mix = book.mixes.mixes.find(root);
    if (mix == book.mixes.mixes.end())
      root_.roles.emplace_back(number(root, book), 1.0);
    else
      for (const auto& [role, weight] : mix->second) root_.roles.emplace_back(number(role, book), weight);
    notes_ = {"the calls that write a summary when a context is compacted are not simulated"};
  }

  SessionPlan plan(size_t index) const override { return SessionDraw(all_, seed_, index).draw(root_); }

 private:
  uint16_t number(const std::string& role, const RoleBook& book) const {
    const auto found = std::find(names_.roles.begin(), names_.roles.end(), role);
    if (found == names_.roles.end()) {
      std::vector<std::string> valid = names_.roles;
      for (const auto& [name, mix] : book.mixes.mixes) valid.push_back(name);
      throw ConfigError(std::vector<Diagnostic>{
          {Place{}, fmt::format("unknown root role '{}'", role), nearest(role, valid), valid, ""}});
    }
    return static_cast<uint16_t>(found - names_.roles.begin());
  }

  std::vector<Role> all_;
  Root root_;
  uint64_t seed_;
};

class RoleOptions : public Described<RoleOptions, SourceOptions> {
 public:
  template <class V>
  void parameters(V& v) {
    v.value("file", book_, "roles: a file, a name under scenarios/roles, or a map", config::Need::required);
    v.field("root", root_, "role of a session's root agent, or one of the file's mixes",
            config::Need::required);
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
