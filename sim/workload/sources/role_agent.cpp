#include "sim/workload/sources/role_agent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace agentsim::workload {

RoleAgent::RoleAgent(RoleSession& session, const PendingAgent& pending)
    : session_(session),
      pending_(pending),
      role_(session.roles.role(pending.role)),
      spec_(role_.spec),
      random_(session.random),
      plan_(session.plan),
      number_(session.plan.agents.size()),
      context_("agent", session.index, number_) {}

void RoleAgent::draw() {
  if (number_ >= kMostAgents)
    throw ConfigError(
        fmt::format("session {} has more than {} agents: the spawn rules of the roles go too far",
                    session_.index, kMostAgents));
  plan_.agents.emplace_back();
  agent().first_call = static_cast<uint32_t>(plan_.calls.size());
  agent().role = pending_.role;
  agent().deployment = role_.deployment;
  agent().parent = pending_.parent;
  agent().spawn_call = pending_.spawn_call;
  agent().spawn_delay_s = pending_.spawn_delay_s;
  agent().join_call = pending_.join_call;
  agent().join_group = pending_.join_group;
  begin_context();
  draw_traits();
  const uint32_t turns = traits_.calls > 0 ? traits_.calls : spec_.turns.draw_count(random_, 1);
  for (uint32_t turn = 0; turn < turns && calls_left() > 0; ++turn) {
    if (turn > 0) context_.grow(count(spec_.human_tokens, growth()));
    if (!draw_turn(turn, turn + 1 == turns)) break;
  }
  agent().call_count = calls_made();
}

void RoleAgent::begin_context() {
  front_tokens_ = pending_.has_snapshot ? pending_.front_tokens : role_.front_tokens();
  if (pending_.has_snapshot) {
    const Agent& parent = plan_.agents[static_cast<size_t>(pending_.parent)];
    const Call& call = plan_.calls[parent.first_call + pending_.spawn_call];
    for (uint32_t i = 0; i < call.slice_count; ++i) context_.add(plan_.slices[call.first_slice + i]);
    context_.add({call.output_stream, call.output_begin, call.output_begin + call.output_tokens});
  } else {
    for (const Slice& slice : role_.front) context_.add(slice);
  }
  context_.grow(spec_.first_prompt.draw_count(random_));
}

void RoleAgent::draw_traits() {
  traits_.steps_per_turn = spec_.factors.steps_per_turn.draw(random_);
  traits_.new_tokens = spec_.factors.new_tokens.draw(random_);
  traits_.output = spec_.factors.output.draw(random_);
  traits_.tool = spec_.factors.tool.draw(random_);
  traits_.think = spec_.factors.think.draw(random_);
  traits_.calls = spec_.calls.draw_count(random_);
  for (const ContextChange& change : spec_.context_changes)
    traits_.above.push_back(draw_above(change.above, context_.tokens()));
  for (const SpawnRule& rule : spec_.spawn)
    traits_.may_spawn.push_back(rule.agents >= 1.0 || random_.uniform() < rule.agents);
  traits_.token_budget = spec_.token_budget.draw(random_);
  const double time_budget_s = spec_.time_budget.draw(random_);
  if (time_budget_s > 0.0) agent().budget_s = time_budget_s;
}

// The distribution behind `low`, by drawing again; its largest draw where it hardly goes so far.
double RoleAgent::draw_above(const Distribution& distribution, uint32_t low) {
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

uint32_t RoleAgent::count(const Distribution& distribution, double factor, uint32_t low) {
  const double value = std::round(distribution.draw(random_) * factor);
  return static_cast<uint32_t>(std::clamp(value, static_cast<double>(low), 0x1p30));
}

uint32_t RoleAgent::calls_made() const {
  return static_cast<uint32_t>(plan_.calls.size()) - plan_.agents[number_].first_call;
}

// What the new tokens of the agent's next call are multiplied by.
double RoleAgent::growth() const {
  const EarlyGrowth& early = spec_.early_growth;
  if (early.first == 1.0) return traits_.new_tokens;
  return traits_.new_tokens *
         (1.0 +
          (early.first - 1.0) * std::pow(static_cast<double>(calls_made() - traits_.restart), -early.decay));
}

uint32_t RoleAgent::calls_left() const {
  return traits_.calls == 0 ? UINT32_MAX : traits_.calls - std::min(traits_.calls, calls_made());
}

// False if the agent ends with it.
bool RoleAgent::draw_turn(uint32_t turn, bool is_last) {
  const uint32_t steps = std::min(count(spec_.steps_per_turn, traits_.steps_per_turn, 1), calls_left());
  bool waits = false;  // for agents that the call before spawned
  for (uint32_t step = 0; step < steps && (step == 0 || calls_left() > 0); ++step) {
    const Gap gap = step > 0 ? Gap::tool : turn > 0 ? Gap::human : Gap::none;
    const bool is_first = calls_made() == 0;
    if (gap != Gap::none) change_context(gap);
    if (!is_first) read_messages();
    if (!add_step(gap, waits)) return false;
    if (traits_.token_budget > 0.0 && used_tokens_ >= traits_.token_budget) return false;
    const bool ends_turn = step + 1 == steps || calls_left() == 0;
    const bool has_next = !ends_turn || (!is_last && calls_left() > 0);
    if (!ends_turn) context_.grow(count(spec_.new_tokens, growth()));
    waits = is_first && spawn("first", has_next);
    if (ends_turn)
      spawn("turn", has_next);
    else
      waits = spawn("tool", true) || waits;
  }
  return true;
}

// Before a call that follows `gap`, its new tokens being in the context.
void RoleAgent::change_context(Gap gap) {
  for (size_t i = 0; i < spec_.context_changes.size(); ++i) {
    const ContextChange& change = spec_.context_changes[i];
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

// From siblings, of calls one number below the one that is added next: so nobody waits in a circle.
void RoleAgent::read_messages() {
  for (size_t i = 0; i < spec_.messages.size(); ++i) {
    if (random_.uniform() >= spec_.messages[i].probability) continue;
    std::vector<uint32_t> senders;
    for (uint32_t a = pending_.first_sibling; a < pending_.end_sibling; ++a)
      if (a != number_ && session_.role_of[a] == role_.senders[i]) senders.push_back(a);
    if (senders.empty()) continue;
    const auto chosen = static_cast<size_t>(random_.uniform() * static_cast<double>(senders.size()));
    session_.messages.push_back(
        {senders[chosen], calls_made() - 1, static_cast<uint32_t>(plan_.calls.size())});
    context_.grow(spec_.messages[i].tokens.draw_count(random_));
  }
}

// After the agent's last call so far. True if its next call waits for the spawned agents.
bool RoleAgent::spawn(const char* when, bool has_next) {
  bool waits = false;
  const auto first = static_cast<uint32_t>(session_.role_of.size());
  for (size_t i = 0; i < spec_.spawn.size(); ++i)
    if (spec_.spawn[i].when == when) waits = spawn_by(i, has_next, first) || waits;
  for (auto child = session_.pending.rbegin(); child != session_.pending.rend(); ++child) {
    if (child->parent != static_cast<int32_t>(number_) || child->first_sibling != first) break;
    child->end_sibling = static_cast<uint32_t>(session_.role_of.size());
  }
  return waits;
}

bool RoleAgent::spawn_by(size_t number, bool has_next, uint32_t first_sibling) {
  const SpawnRule& rule = spec_.spawn[number];
  // Drawn even where the depth forbids it, so that a deeper limit changes nothing else of the parent.
  const bool happens = random_.uniform() < rule.probability;
  if (!happens || !traits_.may_spawn[number] || pending_.depth >= rule.depth) return false;
  const uint32_t count = std::min(rule.count.draw_count(random_), static_cast<uint32_t>(kMostAgents));
  const bool joins = has_next && count > 0 && rule.join != "none" && rule.join != "detached";
  const auto call = static_cast<uint32_t>(calls_made() - 1);
  PendingAgent child;
  child.role = role_.spawned[number];
  child.parent = static_cast<int32_t>(number_);
  child.spawn_call = call;
  child.depth = pending_.depth + 1;
  child.has_snapshot = rule.context == "snapshot";
  child.front_tokens = front_tokens_;
  child.first_sibling = first_sibling;
  uint32_t needed = count;
  if (joins) {
    child.join_call = static_cast<int32_t>(call + 1);
    if (rule.join != "all") {
      needed = rule.join == "any" ? 1 : std::min(count, static_cast<uint32_t>(rule.quorum));
      child.join_group = static_cast<int32_t>(plan_.join_groups.size());
      plan_.join_groups.push_back({needed});
    }
  }
  for (uint32_t k = 0; k < count; ++k) {
    child.spawn_delay_s = rule.delay.draw(random_);
    session_.pending.push_back(child);
    session_.role_of.push_back(child.role);
    if (joins && k < needed) context_.grow(session_.roles.role(child.role).spec.returns.draw_count(random_));
  }
  return joins;
}

}  // namespace agentsim::workload
