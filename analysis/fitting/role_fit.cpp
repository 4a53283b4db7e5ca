#include "analysis/fitting/role_fit.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/fitting/measures.hpp"

namespace agentsim::fitting {
namespace {

using workload::Gap;

// A prompt that lacks more of the one before than this has another front: two blocks, since traces that know
// prompts by blocks lose up to one.
constexpr uint32_t kLost = 128;  // tokens
constexpr double kCompacted = 0.7;
constexpr double kTrimmed = 0.9;

enum class Change { none, compacted, rewritten, trimmed };

Change change_between(const CallFacts& before, const CallFacts& after) {
  if (before.prompt_tokens <= after.kept_tokens + kLost) return Change::none;
  if (after.prompt_tokens < kCompacted * before.prompt_tokens) return Change::compacted;
  const uint32_t shorter = std::min(before.prompt_tokens, after.prompt_tokens);
  return after.kept_tokens > kTrimmed * shorter ? Change::trimmed : Change::rewritten;
}

double size_ratio(const CallFacts& before, const CallFacts& after) {
  return static_cast<double>(after.prompt_tokens) / (uint64_t{before.prompt_tokens} + before.output_tokens);
}

double kept_ratio(const CallFacts& before, const CallFacts& after) {
  return static_cast<double>(after.kept_tokens) / std::min(before.prompt_tokens, after.prompt_tokens);
}

struct Changes {
  std::vector<double> size, kept;
};

Changes changes_of(const std::vector<const AgentFacts*>& agents, Change kind) {
  Changes out;
  for (const AgentFacts* agent : agents)
    for (size_t i = 1; i < agent->calls.size(); ++i)
      if (change_between(agent->calls[i - 1], agent->calls[i]) == kind) {
        out.size.push_back(size_ratio(agent->calls[i - 1], agent->calls[i]));
        out.kept.push_back(kept_ratio(agent->calls[i - 1], agent->calls[i]));
      }
  return out;
}

std::vector<GrowingSpan> spans_of(const std::vector<const AgentFacts*>& agents) {
  std::vector<GrowingSpan> spans;
  for (const AgentFacts* agent : agents) {
    double from = agent->calls.front().prompt_tokens, longest = from;
    for (size_t i = 1; i < agent->calls.size(); ++i) {
      const double before = agent->calls[i - 1].prompt_tokens;
      const double now = agent->calls[i].prompt_tokens;
      if (change_between(agent->calls[i - 1], agent->calls[i]) == Change::compacted) {
        spans.push_back({from, before, true});
        from = longest = now;
      }
      longest = std::max(longest, now);
    }
    spans.push_back({from, longest, false});
  }
  return spans;
}

Curve curve_of(const std::vector<double>& values, double step) {
  return values.empty() ? Curve(0.0) : Curve::of(values, step);
}

double mean_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Growth before call k is 1 + (first - 1) k^-decay times that of later calls: `first` from the mean before
// call 1, the decay from the means before calls 2 to 8. The 0.5 % largest count as the next.
void fit_early_growth(const std::vector<Growth>& growths, FittedRole& role) {
  constexpr size_t kEarly = 8, kLeast = 20;
  std::vector<double> all, late;
  for (const Growth& growth : growths) all.push_back(growth.tokens);
  if (all.empty()) return;
  std::sort(all.begin(), all.end());
  const double most = all[static_cast<size_t>(0.995 * static_cast<double>(all.size() - 1))];
  std::map<size_t, std::vector<double>> early;
  for (const Growth& growth : growths) {
    const double tokens = std::min(growth.tokens, most);
    if (growth.call <= kEarly) early[growth.call].push_back(tokens);
    if (growth.call > 2 * kEarly) late.push_back(tokens);
  }
  if (late.size() < kLeast || early[1].size() < kLeast) return;
  const double level = mean_of(late);
  if (level <= 0.0) return;
  const auto excess = [&](size_t call) {
    return early[call].empty() ? 0.0 : std::max(0.0, mean_of(early[call]) / level - 1.0);
  };
  const double first = excess(1);
  if (first < 0.2) return;
  double wanted = 0.0;
  for (size_t call = 2; call <= kEarly; ++call) wanted += excess(call);
  double low = 0.1, high = 6.0;
  for (int i = 0; i < 50; ++i) {
    const double decay = (low + high) / 2.0;
    double sum = 0.0;
    for (size_t call = 2; call <= kEarly; ++call) sum += first * std::pow(static_cast<double>(call), -decay);
    (sum > wanted ? low : high) = decay;
  }
  role.early_first = 1.0 + first;
  role.early_decay = low;
}

void fit_context(const std::vector<const AgentFacts*>& agents, FittedRole& role) {
  std::vector<Growth> growths;
  for (const AgentFacts* agent : agents)
    for (const Growth& growth : growths_of(*agent)) growths.push_back(growth);
  fit_early_growth(growths, role);
  std::vector<double> tool, human;
  for (const Growth& growth : growths) {
    const double early =
        1.0 + (role.early_first - 1.0) * std::pow(static_cast<double>(growth.call), -role.early_decay);
    (growth.is_human ? human : tool).push_back(growth.tokens / early);
  }
  role.new_tokens = curve_of(tool, 1.0);
  role.human_tokens = curve_of(human, 1.0);
  if (!tool.empty()) role.new_tokens.fit_tail(tool, role.context_limit);
}

void fit_changes(const std::vector<const AgentFacts*>& agents, const Compaction& compaction, double longest,
                 FittedRole& role) {
  double later_calls = 0.0;
  for (const AgentFacts* agent : agents) later_calls += static_cast<double>(agent->calls.size() - 1);
  if (later_calls == 0.0) return;
  const Changes compacted = changes_of(agents, Change::compacted);
  FittedChange& first = role.changes.emplace_back();
  first.comment = compacted.size.empty() ? "compacted; none was seen here" : "compacted";
  first.restarts = true;
  first.above = threshold_of(spans_of(agents), longest);
  first.size = compacted.size.empty() ? compaction.size : Curve::of(compacted.size, 0.0);
  first.kept = compacted.size.empty() ? compaction.kept : Curve::of(compacted.kept, 0.0);
  for (const Change kind : {Change::rewritten, Change::trimmed}) {
    const Changes seen = changes_of(agents, kind);
    if (seen.size.empty()) continue;
    FittedChange& change = role.changes.emplace_back();
    change.comment = kind == Change::rewritten ? "rewritten inside" : "its end was taken back";
    change.probability = static_cast<double>(seen.size.size()) / later_calls;
    change.size = Curve::of(seen.size, 0.0);
    change.kept = Curve::of(seen.kept, 0.0);
  }
}

// A front that three quarters of those agents share that share any with an earlier one, if these are at least
// half; else none. Many share more, but with a few each.
uint32_t prefix_of(const std::vector<const AgentFacts*>& agents) {
  std::vector<uint32_t> shared;
  uint32_t shortest = UINT32_MAX;
  for (const AgentFacts* agent : agents) {
    if (agent->shared_tokens > 0) shared.push_back(agent->shared_tokens);
    shortest = std::min(shortest, agent->calls.front().prompt_tokens);
  }
  if (2 * shared.size() < agents.size()) return 0;
  std::sort(shared.begin(), shared.end());
  return std::min(shared[shared.size() / 4], shortest - 1);
}

}  // namespace

std::vector<Growth> growths_of(const AgentFacts& agent) {
  std::vector<Growth> out;
  size_t start = 0;
  for (size_t i = 1; i < agent.calls.size(); ++i) {
    const CallFacts& before = agent.calls[i - 1];
    const CallFacts& call = agent.calls[i];
    const Change change = change_between(before, call);
    if (change == Change::compacted) start = i;
    if (call.joined > 0 || change != Change::none) continue;
    const double more = static_cast<double>(call.prompt_tokens) - before.prompt_tokens - before.output_tokens;
    out.push_back({i - start, call.gap == Gap::human, std::max(0.0, more)});
  }
  return out;
}

Compaction compaction_of(const std::vector<const AgentFacts*>& agents) {
  const Changes seen = changes_of(agents, Change::compacted);
  if (seen.size.empty()) return {};
  return {Curve::of(seen.size, 0.0), Curve::of(seen.kept, 0.0)};
}

FittedRole fit_role(const std::vector<const AgentFacts*>& agents, const Compaction& compaction) {
  FittedRole role;
  role.agents = agents.size();
  role.prefix = prefix_of(agents);
  std::vector<double> first, calls, output, tool, think, returns;
  double longest = 0.0, room = 0.0;
  for (const AgentFacts* agent : agents) {
    first.push_back(agent->calls.front().prompt_tokens - role.prefix);
    calls.push_back(static_cast<double>(agent->calls.size()));
    longest = std::max(longest, static_cast<double>(agent->longest_prompt()));
    for (const double turn : turns_of(*agent)) role.turns.push_back(turn);
    returns.push_back(agent->calls.back().output_tokens);
    for (const CallFacts& call : agent->calls) {
      output.push_back(call.output_tokens);
      room = std::max(room, static_cast<double>(call.prompt_tokens) + call.output_tokens);
      if (call.gap == Gap::tool && call.joined == 0) tool.push_back(call.gap_s);
      if (call.gap == Gap::human && call.joined == 0) think.push_back(call.gap_s);
    }
    role.calls_seen += agent->calls.size();
  }
  std::sort(role.turns.begin(), role.turns.end());
  role.context_limit = static_cast<uint32_t>(std::max(64.0, std::ceil(1.02 * room)));
  role.compact_to = std::max(1U, (role.context_limit - role.prefix) / 4);
  role.first_prompt = curve_of(first, 1.0);
  role.calls = curve_of(calls, 1.0);
  role.steps_per_turn = curve_of(role.turns, 1.0);
  role.output = curve_of(output, 1.0);
  role.output.fit_tail(output, *std::max_element(output.begin(), output.end()));
  role.tool = curve_of(tool, step_of(tool));
  role.think = curve_of(think, step_of(think));
  role.returns = curve_of(returns, 1.0);
  fit_context(agents, role);
  fit_changes(agents, compaction, longest, role);
  return role;
}

FittedSpawn solve_spawn(const std::vector<double>& calls, double spawners, double spawns) {
  double all = 0.0;
  for (const double n : calls) all += n;
  const auto ever = [&](double p) {  // expected spawners if all may spawn
    double sum = 0.0;
    for (const double n : calls) sum += -std::expm1(n * std::log1p(-p));
    return sum;
  };
  // p sum n / ever(p) grows with p from 1.
  double low = 0.0, high = 1.0 - 1e-9;
  for (int i = 0; i < 100; ++i) {
    const double p = (low + high) / 2.0;
    (p * all / ever(p) < spawns / spawners ? low : high) = p;
  }
  FittedSpawn rule;
  rule.probability = std::max(high, 1e-9);
  rule.agents = std::min(1.0, spawners / ever(rule.probability));
  return rule;
}

}  // namespace agentsim::fitting
