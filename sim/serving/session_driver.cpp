#include "sim/serving/session_driver.hpp"

#include <algorithm>

namespace agentsim::serving {
namespace {

using workload::Gap;

// A slot and an agent in one word of an event or ticket.
uint64_t pack(uint64_t slot, uint32_t agent) {
  return (slot << 20) | agent;
}
uint64_t slot_of(uint64_t word) {
  return word >> 20;
}
uint32_t agent_of(uint64_t word) {
  return static_cast<uint32_t>(word & 0xfffffU);
}

}  // namespace

void SessionDriver::start(Gateway& gateway) {
  gateway_ = &gateway;
  if (workload_.sessions() == 0) return;
  const std::optional<int> users = workload_.concurrency();
  if (!users) {
    kernel_.at(workload_.arrival_s(0), *this, kArrival);
    return;
  }
  due_sessions_ = std::min<uint64_t>(static_cast<uint64_t>(*users), workload_.sessions());
  for (uint64_t i = 0; i < due_sessions_; ++i) kernel_.at(0.0, *this, kArrival);
}

void SessionDriver::on_event(uint32_t kind, uint64_t payload) {
  if (kind == kArrival) {
    arrive();
    return;
  }
  const uint64_t slot = slot_of(payload);
  submit(active_[slot], slot, agent_of(payload));
}

void SessionDriver::arrive() {
  const uint64_t index = next_session_++;
  if (!workload_.concurrency() && next_session_ < workload_.sessions())
    kernel_.at(workload_.arrival_s(next_session_), *this, kArrival);
  uint64_t slot = active_.size();
  if (unused_.empty()) {
    active_.emplace_back();
  } else {
    slot = unused_.back();
    unused_.pop_back();
  }
  Active& active = active_[slot];
  active = Active{};
  active.plan = workload_.plan(index);
  AGENTSIM_CONTRACT(active.plan.agents.size() < (1U << 20), "a session of {} agents",
                    active.plan.agents.size());
  active.agents.resize(active.plan.agents.size());
  active.records.resize(active.plan.calls.size());
  active.causes.resize(active.plan.calls.size());
  active.live_agents = static_cast<uint32_t>(active.plan.agents.size());
  active.session.session = index;
  active.session.name = active.plan.name;
  active.session.arrival_s = kernel_.now();
  const workload::Call& first = active.plan.calls[active.plan.agents[0].first_call];
  post_call(slot, 0, kNone, kernel_.now(), first.gap_s, first.gap);
}

// The agent's next call starts `delay_s` after `from_s`, when the call `after_call` ended.
void SessionDriver::post_call(uint64_t slot, uint32_t agent, uint32_t after_call, double from_s,
                              double delay_s, Gap gap) {
  Active& active = active_[slot];
  const uint32_t call = active.plan.agents[agent].first_call + active.agents[agent].next_call;
  active.causes[call] = {after_call, delay_s, gap};
  kernel_.at(from_s + delay_s, *this, kCall, pack(slot, agent));
}

void SessionDriver::submit(Active& active, uint64_t slot, uint32_t agent) {
  const workload::Agent& plan = active.plan.agents[agent];
  const workload::Call& call = active.plan.calls[plan.first_call + active.agents[agent].next_call];
  CallRecord record;
  record.session = active.session.session;
  record.agent = agent;
  record.call = active.agents[agent].next_call;
  record.prompt_tokens = call.prompt_tokens;
  record.output_tokens = call.output_tokens;
  const Content content(active.plan.slices.data() + call.first_slice, call.slice_count,
                        Slice{call.output_stream, call.output_begin, call.output_begin});
  gateway_->submit({record.session, agent, record.prompt_tokens, active.last_replica}, record, content,
                   pack(slot, agent));
}

void SessionDriver::on_reply(uint64_t ticket, const CallRecord& record) {
  const uint64_t slot = slot_of(ticket);
  const uint32_t agent = agent_of(ticket);
  Active& active = active_[slot];
  const uint32_t call = active.plan.agents[agent].first_call + record.call;
  AGENTSIM_CONTRACT(record.arrival_s <= record.queued_s && record.queued_s <= record.scheduled_s &&
                        record.scheduled_s <= record.first_token_s &&
                        record.first_token_s <= record.last_token_s && record.last_token_s <= record.end_s,
                    "I3: the dates of call {} of session {} are out of order", call, record.session);
  active.records[call] = record;
  active.last_replica = record.replica;
  for (uint32_t child = agent + 1; child < active.plan.agents.size(); ++child) {
    const workload::Agent& plan = active.plan.agents[child];
    if (plan.parent == static_cast<int32_t>(agent) && plan.spawn_call == record.call)
      post_call(slot, child, call, kernel_.now(), plan.spawn_delay_s, Gap::tool);
  }
  ++active.agents[agent].next_call;
  go_on(active, slot, agent);
}

// The agent's previous call has ended: its next one starts, unless sub-agents it waits for still run.
void SessionDriver::go_on(Active& active, uint64_t slot, uint32_t agent) {
  AgentState& state = active.agents[agent];
  const workload::Agent& plan = active.plan.agents[agent];
  if (state.next_call == plan.call_count) {
    end_agent(active, slot, agent);
    return;
  }
  if (joins_pending(active, agent, state.next_call)) {
    state.waits_for_join = true;
    return;
  }
  // Of all that this call waited for, the one that ended last is its cause.
  uint32_t cause = plan.first_call + state.next_call - 1;
  const double own_end_s = active.records[cause].end_s;
  for (const workload::Agent& child : active.plan.agents) {
    if (child.parent != static_cast<int32_t>(agent) ||
        child.join_call != static_cast<int32_t>(state.next_call))
      continue;
    const uint32_t last = child.first_call + child.call_count - 1;
    if (active.records[last].end_s > active.records[cause].end_s) cause = last;
  }
  const workload::Call& next = active.plan.calls[plan.first_call + state.next_call];
  const double from_s = active.records[cause].end_s;
  active.session.join_wait_s += from_s - own_end_s;
  state.waits_for_join = false;
  post_call(slot, agent, cause, from_s, next.gap_s, next.gap);
}

bool SessionDriver::joins_pending(const Active& active, uint32_t agent, uint32_t call) const {
  for (uint32_t child = agent + 1; child < active.plan.agents.size(); ++child) {
    const workload::Agent& plan = active.plan.agents[child];
    if (plan.parent == static_cast<int32_t>(agent) && plan.join_call == static_cast<int32_t>(call) &&
        !active.agents[child].ended)
      return true;
  }
  return false;
}

void SessionDriver::end_agent(Active& active, uint64_t slot, uint32_t agent) {
  active.agents[agent].ended = true;
  const int32_t parent = active.plan.agents[agent].parent;
  if (--active.live_agents == 0) {
    end_session(active, slot);
    return;
  }
  if (parent >= 0 && active.agents[static_cast<size_t>(parent)].waits_for_join)
    go_on(active, slot, static_cast<uint32_t>(parent));
}

void SessionDriver::end_session(Active& active, uint64_t slot) {
  SessionRecord& session = active.session;
  session.agents = static_cast<uint32_t>(active.agents.size());
  session.calls = static_cast<uint32_t>(active.records.size());
  uint32_t last = 0;
  for (uint32_t i = 0; i < active.records.size(); ++i) {
    const CallRecord& record = active.records[i];
    session.prompt_tokens += record.prompt_tokens;
    session.hit_tokens += record.hit_tokens;
    session.output_tokens += record.output_tokens;
    session.preemptions += record.preemptions;
    if (record.end_s > active.records[last].end_s) last = i;
  }
  session.end_s = active.records[last].end_s;
  for (uint32_t at = last; at != kNone; at = active.causes[at].call) {
    session.path += active.records[at].split;
    const Cause& cause = active.causes[at];
    (cause.gap == Gap::human ? session.path.human_s : session.path.tool_s) += cause.gap_s;
  }
  const double latency_s = session.end_s - session.arrival_s;
  AGENTSIM_CONTRACT(std::abs(session.path.sum() - latency_s) <= 1e-9 * std::max(1.0, kernel_.now()),
                    "I8: the critical path of session {} has {} s of {} s", session.session,
                    session.path.sum(), latency_s);
  observer_.on_session_end(session, active.records);
  ++ended_;
  last_end_s_ = kernel_.now();
  active = Active{};
  unused_.push_back(slot);
  if (!workload_.concurrency() || due_sessions_ == workload_.sessions()) return;
  ++due_sessions_;
  kernel_.at(kernel_.now(), *this, kArrival);
}

}  // namespace agentsim::serving
