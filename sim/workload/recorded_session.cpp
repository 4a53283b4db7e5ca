#include "sim/workload/recorded_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/units.hpp"
#include "sim/workload/growing_context.hpp"

namespace agentsim::workload {
namespace {

double seconds(int64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

int64_t end_ns(const RecordedAgent& agent) {
  int64_t end = 0;
  for (const RecordedCall& call : agent.calls) end = std::max(end, call.end_ns);
  return end;
}

}  // namespace

void RecordedSessions::add(RecordedSession&& session) {
  order(session);
  if (session.agents.empty()) {
    ++no_calls_;
    return;
  }
  const int64_t start_ns = session.agents.front().calls.front().start_ns;
  if (sessions_ == 0) first_ns_ = start_ns;
  SessionPlan plan;
  plan.name = session.name;
  plan.recorded_arrival_s = std::max(0.0, seconds(start_ns - first_ns_));
  add_agents(session, plan);
  ++sessions_;
  sink_.session(std::move(plan));
}

// Brings calls into order, leaves out agents without calls, and puts the first to start at the root.
void RecordedSessions::order(RecordedSession& session) {
  std::vector<int32_t> kept(session.agents.size(), -1);  // where the nearest agent with calls went
  std::vector<RecordedAgent> agents;
  for (size_t i = 0; i < session.agents.size(); ++i) {
    RecordedAgent& agent = session.agents[i];
    const int32_t parent = agent.parent < 0 ? -1 : kept[static_cast<size_t>(agent.parent)];
    kept[i] = parent;
    if (agent.calls.empty()) continue;
    std::stable_sort(agent.calls.begin(), agent.calls.end(),
                     [](const RecordedCall& a, const RecordedCall& b) { return a.start_ns < b.start_ns; });
    agent.parent = parent;
    kept[i] = static_cast<int32_t>(agents.size());
    agents.push_back(std::move(agent));
  }
  session.agents.clear();
  if (agents.empty()) return;
  // The root is the first agent without a parent; others without one are taken as its children.
  size_t root = agents.size();
  for (size_t i = 0; i < agents.size(); ++i)
    if (agents[i].parent < 0 &&
        (root == agents.size() || agents[i].calls.front().start_ns < agents[root].calls.front().start_ns))
      root = i;
  std::vector<size_t> order{root};
  for (size_t i = 0; i < agents.size(); ++i)
    if (i != root) order.push_back(i);
  std::vector<int32_t> place(agents.size());
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<int32_t>(i);
  for (const size_t i : order) {
    const int32_t parent = agents[i].parent;
    agents[i].parent = i == root ? -1 : parent < 0 ? 0 : place[static_cast<size_t>(parent)];
    session.agents.push_back(std::move(agents[i]));
  }
}

void RecordedSessions::add_agents(const RecordedSession& session, SessionPlan& plan) {
  joined_ns_.clear();
  if (!rules_.shared_prefix) prefixes_.clear();
  for (const RecordedAgent& agent : session.agents) joined_ns_.emplace_back(agent.calls.size(), 0);
  for (size_t i = 0; i < session.agents.size(); ++i) {
    Agent& agent = plan.agents.emplace_back();
    agent.role = sink_.names().role(session.agents[i].role);
    agent.call_count = static_cast<uint32_t>(session.agents[i].calls.size());
    if (i > 0) place(session, i, plan);
  }
  for (size_t i = 0; i < session.agents.size(); ++i) {
    plan.agents[i].first_call = static_cast<uint32_t>(plan.calls.size());
    add_calls(session, i, plan);
  }
}

void RecordedSessions::place(const RecordedSession& session, size_t number, SessionPlan& plan) {
  const RecordedAgent& recorded = session.agents[number];
  const auto parent = static_cast<size_t>(recorded.parent);
  const std::vector<RecordedCall>& calls = session.agents[parent].calls;
  Agent& agent = plan.agents[number];
  agent.parent = recorded.parent;
  const int64_t start_ns = recorded.calls.front().start_ns;
  const int64_t ended_ns = end_ns(recorded);
  for (uint32_t i = 0; i < calls.size() && calls[i].end_ns <= start_ns; ++i) agent.spawn_call = i;
  agent.spawn_delay_s = std::max(0.0, seconds(start_ns - calls[agent.spawn_call].end_ns));
  agent.spawn_delay_s = std::min(agent.spawn_delay_s, rules_.max_tool_gap_s);
  for (uint32_t i = agent.spawn_call + 1; i < calls.size() && agent.join_call < 0; ++i)
    if (calls[i].start_ns >= ended_ns) agent.join_call = static_cast<int32_t>(i);
  ++sub_agents_;
  if (agent.join_call < 0) {
    ++never_joined_;
    return;
  }
  int64_t& joined = joined_ns_[parent][static_cast<size_t>(agent.join_call)];
  joined = std::max(joined, ended_ns);
}

double RecordedSessions::gap_s(const RecordedCall& call, int64_t ready_ns, Gap kind) {
  if (call.start_ns < ready_ns) ++overlapping_;
  const double gap = std::max(0.0, seconds(call.start_ns - ready_ns));
  const double limit_s = kind == Gap::human ? rules_.max_human_gap_s : rules_.max_tool_gap_s;
  if (gap > limit_s) ++(kind == Gap::human ? cut_human_ : cut_tool_);
  return std::min(gap, limit_s);
}

uint64_t RecordedSessions::prefix_stream(const RecordedSession& session, size_t agent) const {
  const uint64_t role = Fnv1a().add(format_).add(session.agents[agent].role).value();
  return stream_id("recorded prefix", role, rules_.shared_prefix ? 0 : 1 + sessions_);
}

void RecordedSessions::add_calls(const RecordedSession& session, size_t number, SessionPlan& plan) {
  const std::vector<RecordedCall>& calls = session.agents[number].calls;
  const uint64_t format = Fnv1a().add(format_).value();
  GrowingContext context("recorded context", mix64(format + sessions_), number);
  for (size_t i = 0; i < calls.size(); ++i) {
    const RecordedCall& call = calls[i];
    prompt_tokens_ += call.prompt_tokens;
    cached_tokens_ += call.cached_tokens;
    if (call.output_tokens == 0) ++silent_;
    const uint32_t cached = std::min(call.cached_tokens, call.prompt_tokens);
    if (i == 0) {
      if (number > 0 || rules_.shared_prefix) {
        // The first of its role is what the later ones find.
        const uint64_t stream = prefix_stream(session, number);
        context.add({stream, 0, prefixes_.insert(stream).second ? call.prompt_tokens : cached});
      }
    } else if (call.prompt_tokens < calls[i - 1].prompt_tokens) {
      ++compacted_;
      context.keep(std::min(cached, call.prompt_tokens));
    } else if (call.prompt_tokens < context.tokens()) {
      ++shorter_;
      context.keep(calls[i - 1].prompt_tokens);
    }
    context.grow(call.prompt_tokens - context.tokens());
    Call& added = context.add_prompt(plan, std::max(1U, call.output_tokens));
    context.grow(added.output_tokens);
    if (i == 0) continue;
    added.gap = call.is_human ? Gap::human : Gap::tool;
    added.gap_s = gap_s(call, std::max(calls[i - 1].end_ns, joined_ns_[number][i]), added.gap);
  }
}

void RecordedSessions::finish() {
  const double share = 100.0 * static_cast<double>(cached_tokens_) /
                       static_cast<double>(std::max<uint64_t>(1, prompt_tokens_));
  sink_.count("sessions have no call and are left out", no_calls_);
  sink_.count("calls with 0 output tokens are simulated with 1", silent_);
  sink_.count("prompts are shorter than prompt and output before them: that output did not come back",
              shorter_);
  sink_.count("contexts became shorter: what was cached is kept, the rest is new", compacted_);
  sink_.count("calls began before the call that they follow had ended: they follow at once", overlapping_);
  sink_.count(fmt::format("of {} sub-agents are not waited for by any call of their parent", sub_agents_),
              never_joined_);
  sink_.count(fmt::format("gaps of tools are cut to {}", pretty_time(rules_.max_tool_gap_s)), cut_tool_);
  sink_.count(fmt::format("gaps of people are cut to {}", pretty_time(rules_.max_human_gap_s)), cut_human_);
  sink_.note(fmt::format("the provider read {:.2f} % of prompt tokens from its cache", share));
  sink_.note("what prompts share is inferred from their lengths: a context is taken to grow at its end");
}

}  // namespace agentsim::workload
