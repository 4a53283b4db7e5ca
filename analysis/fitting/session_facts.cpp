#include "analysis/fitting/session_facts.hpp"

#include <algorithm>

#include "sim/workload/plan_graph.hpp"

namespace agentsim::fitting {
namespace {

using workload::Agent;
using workload::Call;
using workload::SessionPlan;
using workload::Slice;

constexpr uint32_t kBlock = 64;                // tokens
constexpr size_t kMostRootBlocks = 1'000'000;  // known at once

uint32_t common_front(const SessionPlan& plan, const Call& a, const Call& b) {
  uint32_t tokens = 0;
  for (uint32_t i = 0; i < std::min(a.slice_count, b.slice_count); ++i) {
    const Slice& x = plan.slices[a.first_slice + i];
    const Slice& y = plan.slices[b.first_slice + i];
    if (x.stream != y.stream || x.begin != y.begin) break;
    tokens += std::min(x.tokens(), y.tokens());
    if (x.end != y.end) break;
  }
  return tokens;
}

uint32_t shared_with_earlier(const SessionPlan& plan, size_t number) {
  uint32_t most = 0;
  for (size_t i = 1; i < number; ++i)
    if (plan.agents[i].role == plan.agents[number].role)
      most = std::max(most, common_front(plan, plan.calls[plan.agents[i].first_call],
                                         plan.calls[plan.agents[number].first_call]));
  return most;
}

}  // namespace

uint32_t AgentFacts::longest_prompt() const {
  uint32_t most = 0;
  for (const CallFacts& call : calls) most = std::max(most, call.prompt_tokens);
  return most;
}

uint64_t SessionFacts::calls() const {
  uint64_t sum = 0;
  for (const AgentFacts& agent : agents) sum += agent.calls.size();
  return sum;
}

FactsReader::FactsReader() : session_(kBlock), roots_(kBlock, kMostRootBlocks) {}

SessionFacts FactsReader::read(const SessionPlan& plan) {
  SessionFacts facts;
  session_.clear();
  for (size_t number = 0; number < plan.agents.size(); ++number) {
    const Agent& agent = plan.agents[number];
    AgentFacts& out = facts.agents.emplace_back();
    out.role = agent.role;
    out.parent = agent.parent;
    out.depth = agent.parent < 0 ? 0 : facts.agents[static_cast<size_t>(agent.parent)].depth + 1;
    out.spawn_call = agent.spawn_call;
    out.is_joined = agent.join_call >= 0;
    out.shared_tokens = number > 0 ? shared_with_earlier(plan, number)
                                   : static_cast<uint32_t>(roots_.add(plan, plan.calls[agent.first_call]));
    for (uint32_t i = 0; i < agent.call_count; ++i) {
      const Call& call = plan.calls[agent.first_call + i];
      CallFacts& fact = out.calls.emplace_back();
      fact.prompt_tokens = call.prompt_tokens;
      fact.output_tokens = call.output_tokens;
      fact.new_tokens = call.prompt_tokens - static_cast<uint32_t>(session_.add(plan, call));
      if (i > 0) fact.kept_tokens = common_front(plan, plan.calls[agent.first_call + i - 1], call);
      fact.gap = call.gap;
      fact.gap_s = workload::gap_s(plan, call);
    }
  }
  for (const Agent& agent : plan.agents)
    if (agent.join_call >= 0)
      ++facts.agents[static_cast<size_t>(agent.parent)].calls[static_cast<size_t>(agent.join_call)].joined;
  return facts;
}

}  // namespace agentsim::fitting
