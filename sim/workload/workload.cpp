#include "sim/workload/workload.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sim/base/contract.hpp"

namespace agentsim::workload {
namespace {

uint64_t microseconds(double seconds) {
  return static_cast<uint64_t>(std::llround(seconds * 1e6));
}

uint64_t word(int64_t index) {
  return static_cast<uint64_t>(index);
}

}  // namespace

Workload::Workload(const WorkloadSpec& spec, uint64_t seed) : spec_(spec), seed_(seed) {
  AGENTSIM_CONTRACT(spec_.source_options && spec_.arrival.policy,
                    "the workload was not read before it is used");
  source_ = spec_.source_options->open(seed);
  const std::optional<size_t> of_source = source_->sessions();
  if (spec_.sessions == 0 && !of_source)
    throw ConfigError(
        fmt::format("the source '{}' has no end of its own: say how many 'sessions' to run", spec_.source));
  sessions_ = spec_.sessions > 0 ? static_cast<size_t>(spec_.sessions) : *of_source;
  if (!concurrency()) arrivals_s_ = spec_.arrival.policy->times_s(sessions_, *source_, seed);
}

SessionPlan Workload::plan(size_t index) const {
  AGENTSIM_CONTRACT(index < sessions_, "session {} was asked for, but there are {}", index, sessions_);
  SessionPlan plan = source_->plan(index);
  plan.index = index;
  if (plan.name.empty()) plan.name = std::to_string(index);
  plan.recorded_arrival_s = source_->recorded_arrival_s(index);
  return plan;
}

double Workload::arrival_s(size_t index) const {
  AGENTSIM_CONTRACT(index < arrivals_s_.size(), "no arrival time for session {} of {}", index,
                    arrivals_s_.size());
  return arrivals_s_[index];
}

uint64_t Workload::fingerprint() const {
  Fnv1a hash;
  for (size_t i = 0; i < sessions_; ++i) add_to(hash, source_->plan(i));
  return hash.value();
}

void add_to(Fnv1a& hash, const SessionPlan& plan) {
  hash.add(plan.agents.size()).add(plan.calls.size()).add(plan.slices.size());
  for (const Agent& agent : plan.agents) {
    hash.add(agent.first_call).add(agent.call_count).add(agent.role);
    hash.add(word(agent.parent)).add(agent.spawn_call);
    hash.add(microseconds(agent.spawn_delay_s)).add(word(agent.join_call));
    if (agent.deployment >= 0) hash.add("deployment").add(word(agent.deployment));
    if (agent.join_group >= 0) hash.add("group").add(word(agent.join_group));
    if (std::isfinite(agent.budget_s)) hash.add("budget").add(microseconds(agent.budget_s));
  }
  for (const Call& call : plan.calls) {
    hash.add(call.first_slice).add(call.slice_count).add(call.prompt_tokens).add(call.output_tokens);
    hash.add(call.output_stream).add(call.output_begin);
    hash.add(static_cast<uint64_t>(call.gap)).add(microseconds(call.gap_s));
    if (call.reasoning_tokens > 0) hash.add("reasoning").add(call.reasoning_tokens);
    if (call.tool_count > 0) hash.add("tools").add(call.first_tool).add(call.tool_count);
    if (call.purpose != Purpose::step) hash.add("purpose").add(static_cast<uint64_t>(call.purpose));
  }
  for (const Slice& slice : plan.slices) hash.add(slice.stream).add(slice.begin).add(slice.end);
  for (const Tool& tool : plan.tools)
    hash.add(tool.name).add(word(tool.resource)).add(tool.parallel).add(microseconds(tool.service_s));
  for (const JoinGroup& group : plan.join_groups) hash.add("needed").add(group.needed);
  for (const Message& message : plan.messages) hash.add("message").add(message.sender).add(message.reader);
}

}  // namespace agentsim::workload
