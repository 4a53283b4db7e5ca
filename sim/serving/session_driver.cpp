#include "sim/serving/session_driver.hpp"

#include <algorithm>

#include "sim/workload/plan_graph.hpp"

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

const workload::Call& next_call(const ActiveSession& active, uint32_t agent) {
  return active.plan->calls[active.plan->agents[agent].first_call + active.agents[agent].next_call];
}

bool contends(const workload::SessionPlan& plan, const workload::Call& call) {
  for (uint32_t i = call.first_tool; i < call.first_tool + call.tool_count; ++i)
    if (plan.tools[i].resource >= 0) return true;
  return false;
}

}  // namespace

void SessionDriver::start(Entries entries) {
  entries_ = std::move(entries);
  if (workload_.sessions() == 0) return;
  const std::optional<int> users = workload_.concurrency();
  if (!users) {
    kernel_.at(workload_.arrival_s(0), *this, kArrival);
    return;
  }
  due_sessions_ = std::min<uint64_t>(static_cast<uint64_t>(*users), workload_.sessions());
  for (uint64_t user = 0; user < due_sessions_; ++user) kernel_.at(0.0, *this, kArrival, user);
}

void SessionDriver::on_event(uint32_t kind, uint64_t payload) {
  if (kind == kArrival) return arrive(payload);
  const uint64_t slot = slot_of(payload);
  const uint32_t agent = agent_of(payload);
  ActiveSession& active = active_[slot];
  if (kind == kBegin) {
    active.agents[agent].started_s = kernel_.now();
    if (!hold(active, agent)) begin_gap(slot, agent, true);
  } else if (active.agents[agent].next_tool < next_call(active, agent).tool_count) {
    begin_tools(slot, agent);
  } else {
    submit(slot, agent);
  }
}

void SessionDriver::arrive(uint64_t user) {
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
  ActiveSession& active = active_[slot];
  active.begin(std::make_shared<const workload::SessionPlan>(workload_.plan(index)));
  AGENTSIM_CONTRACT(active.plan->agents.size() < (1U << 20), "a session of {} agents",
                    active.plan->agents.size());
  active.user = user;
  active.last_replica.resize(entries_.gateways.size());
  active.session.session = index;
  active.session.name = active.plan->name;
  active.session.arrival_s = kernel_.now();
  active.agents[0].started_s = kernel_.now();
  begin_gap(slot, 0, false);
}

void SessionDriver::spawn(uint64_t slot, uint32_t child, double delay_s) {
  ActiveSession& active = active_[slot];
  ActiveSession::AgentState& state = active.agents[child];
  state.phase = Phase::delayed;
  state.cause = {active.ended_call, delay_s, 0.0, 0.0};
  state.event = kernel_.at(kernel_.now() + delay_s, *this, kBegin, pack(slot, child));
}

// Whether the agent's next call waits for others; it is looked at again when one of them ends.
bool SessionDriver::hold(ActiveSession& active, uint32_t agent) {
  if (!active.is_held(agent)) return false;
  active.agents[agent].phase = Phase::waiting;
  return true;
}

// Nothing holds the agent's next call but its gap and its tools, which begin now.
void SessionDriver::begin_gap(uint64_t slot, uint32_t agent, bool may_call_now) {
  ActiveSession& active = active_[slot];
  ActiveSession::AgentState& state = active.agents[agent];
  const workload::Call& call = next_call(active, agent);
  const bool has_queue = contends(*active.plan, call);
  const double gap_s = has_queue ? call.gap_s : workload::gap_s(*active.plan, call);
  (call.gap == Gap::human ? state.cause.human_s : state.cause.tool_s) += gap_s;
  state.next_tool = has_queue ? 0 : call.tool_count;
  if (gap_s == 0.0 && has_queue) return begin_tools(slot, agent);
  if (gap_s == 0.0 && may_call_now) return submit(slot, agent);
  state.phase = Phase::gap;
  state.event = kernel_.at(kernel_.now() + gap_s, *this, kGapEnd, pack(slot, agent));
}

// The next tools that run at once.
void SessionDriver::begin_tools(uint64_t slot, uint32_t agent) {
  ActiveSession& active = active_[slot];
  ActiveSession::AgentState& state = active.agents[agent];
  const workload::Call& call = next_call(active, agent);
  state.phase = Phase::tools;
  state.stage_s = kernel_.now();
  do {
    const workload::Tool& tool = active.plan->tools[call.first_tool + state.next_tool++];
    state.running_tools.push_back(
        tools_.begin(tool.resource, workload_.person(active.user), tool.service_s, *this, pack(slot, agent)));
  } while (state.next_tool < call.tool_count &&
           active.plan->tools[call.first_tool + state.next_tool].parallel);
}

void SessionDriver::on_tool_end(uint64_t ticket, uint32_t tool, double queue_s) {
  const uint64_t slot = slot_of(ticket);
  const uint32_t agent = agent_of(ticket);
  ActiveSession& active = active_[slot];
  ActiveSession::AgentState& state = active.agents[agent];
  auto& running = state.running_tools;
  running.erase(std::find(running.begin(), running.end(), tool));
  if (!running.empty()) return;
  // The last to end is the one that the next step waited for.
  const workload::Call& call = next_call(active, agent);
  const double stage_s = kernel_.now() - state.stage_s;
  if (call.gap == Gap::human) {
    state.cause.human_s += stage_s;
  } else {
    state.cause.tool_queue_s += queue_s;
    state.cause.tool_s += stage_s - queue_s;
  }
  if (state.next_tool < call.tool_count)
    begin_tools(slot, agent);
  else
    submit(slot, agent);
}

void SessionDriver::submit(uint64_t slot, uint32_t agent) {
  ActiveSession& active = active_[slot];
  ActiveSession::AgentState& state = active.agents[agent];
  const workload::Agent& plan = active.plan->agents[agent];
  const workload::Call& call = next_call(active, agent);
  active.causes[plan.first_call + state.next_call] = state.cause;
  CallRecord record;
  record.session = active.session.session;
  record.agent = agent;
  record.call = state.next_call;
  record.prompt_tokens = call.prompt_tokens;
  record.output_tokens = call.output_tokens;
  const Content content(active.plan->slices.data() + call.first_slice, call.slice_count,
                        Slice{call.output_stream, call.output_begin, call.output_begin}, active.plan);
  state.phase = Phase::calling;
  const uint32_t gateway = entries_.of(plan);
  state.request = entries_.gateways[gateway]->submit(
      {record.session, agent, record.prompt_tokens, active.last_replica[gateway]}, record, content,
      pack(slot, agent));
}

void SessionDriver::on_reply(uint64_t ticket, const CallRecord& record) {
  const uint64_t slot = slot_of(ticket);
  const uint32_t agent = agent_of(ticket);
  ActiveSession& active = active_[slot];
  ActiveSession::AgentState& state = active.agents[agent];
  const workload::Agent& plan = active.plan->agents[agent];
  const uint32_t call = plan.first_call + record.call;
  AGENTSIM_CONTRACT(record.arrival_s <= record.queued_s && record.queued_s <= record.scheduled_s &&
                        record.scheduled_s <= record.first_token_s &&
                        record.first_token_s <= record.last_token_s && record.last_token_s <= record.end_s,
                    "I3: the dates of call {} of session {} are out of order", call, record.session);
  AGENTSIM_CONTRACT(state.phase == Phase::calling && state.next_call == record.call,
                    "I1: call {} of session {} ends, but was cancelled or not sent", call, record.session);
  active.records[call] = record;
  active.last_replica[entries_.of(plan)] = record.replica;
  active.ended_call = call;
  state.request = nullptr;
  for (uint32_t i = active.first_child[agent]; i < active.first_child[agent + 1]; ++i) {
    const workload::Agent& child = active.plan->agents[active.children[i]];
    if (child.spawn_call == record.call) spawn(slot, active.children[i], child.spawn_delay_s);
  }
  ++state.next_call;
  state.cause = {};
  if (state.next_call == plan.call_count || kernel_.now() >= state.started_s + plan.budget_s) {
    end_agent(active, agent);
  } else {
    state.phase = Phase::waiting;
    active.to_look_at.push_back(agent);
  }
  for (const workload::Message& message : active.plan->messages)
    if (message.sender == call) active.to_look_at.push_back(active.agent_of(message.reader));
  look(slot);
}

// Lets go on who waited for what has just happened.
void SessionDriver::look(uint64_t slot) {
  ActiveSession& active = active_[slot];
  for (size_t i = 0; i < active.to_look_at.size(); ++i) {
    const uint32_t agent = active.to_look_at[i];
    ActiveSession::AgentState& state = active.agents[agent];
    if (state.phase != Phase::waiting || hold(active, agent)) continue;
    const uint32_t first = active.plan->agents[agent].first_call;
    const double ready_s =
        state.next_call > 0 ? active.records[first + state.next_call - 1].end_s : state.started_s;
    active.session.join_wait_s += kernel_.now() - ready_s;
    state.cause = {active.ended_call, 0.0, 0.0, 0.0};
    begin_gap(slot, agent, false);
  }
  active.to_look_at.clear();
  if (active.live_agents == 0) end_session(slot);
}

// The agent has ended, maybe before its last planned call. Sub-agents that a later call would have spawned
// never begin, those that it would have joined are cancelled.
void SessionDriver::end_agent(ActiveSession& active, uint32_t agent) {
  active.agents[agent].phase = Phase::over;
  --active.live_agents;
  const uint32_t next = active.agents[agent].next_call;
  for (uint32_t i = active.first_child[agent]; i < active.first_child[agent + 1]; ++i) {
    const workload::Agent& child = active.plan->agents[active.children[i]];
    if (child.spawn_call >= next || child.join_call >= static_cast<int32_t>(next))
      cancel_agent(active, active.children[i]);
  }
  count_in_group(active, agent);
  active.leave(agent);
}

// If that was the last agent that its join group needs, the others are cancelled.
void SessionDriver::count_in_group(ActiveSession& active, uint32_t agent) {
  const workload::Agent& plan = active.plan->agents[agent];
  if (plan.join_group < 0) return;
  const auto group = static_cast<size_t>(plan.join_group);
  if (++active.group_ended[group] != active.plan->join_groups[group].needed) return;
  const auto parent = static_cast<uint32_t>(plan.parent);
  for (uint32_t i = active.first_child[parent]; i < active.first_child[parent + 1]; ++i)
    if (active.plan->agents[active.children[i]].join_group == plan.join_group)
      cancel_agent(active, active.children[i]);
}

void SessionDriver::cancel_agent(ActiveSession& active, uint32_t agent) {
  ActiveSession::AgentState& state = active.agents[agent];
  if (state.phase == Phase::over) return;
  if (state.phase != Phase::unborn) ++active.session.cancelled_agents;
  if (state.phase == Phase::delayed || state.phase == Phase::gap) kernel_.cancel(state.event);
  if (state.phase == Phase::calling) {
    entries_.gateways[entries_.of(active.plan->agents[agent])]->cancel(state.request);
    ++active.session.cancelled_calls;
  }
  state.phase = Phase::over;
  for (const ToolPool::ToolId tool : state.running_tools) tools_.cancel(tool);
  state.running_tools.clear();
  --active.live_agents;
  for (uint32_t i = active.first_child[agent]; i < active.first_child[agent + 1]; ++i)
    cancel_agent(active, active.children[i]);
  active.leave(agent);
}

void SessionDriver::end_session(uint64_t slot) {
  ActiveSession& active = active_[slot];
  const std::vector<CallRecord> calls = active.close();
  const SessionRecord& session = active.session;
  const double latency_s = session.end_s - session.arrival_s;
  AGENTSIM_CONTRACT(std::abs(session.path.sum() - latency_s) <= 1e-9 * std::max(1.0, kernel_.now()),
                    "I8: the critical path of session {} has {} s of {} s", session.session,
                    session.path.sum(), latency_s);
  observer_.on_session_end(session, calls);
  calls_left_out_ += active.plan->calls.size() - session.calls - session.cancelled_calls;
  ++ended_;
  last_end_s_ = kernel_.now();
  const uint64_t user = active.user;
  active = ActiveSession{};
  unused_.push_back(slot);
  if (!workload_.concurrency() || due_sessions_ == workload_.sessions()) return;
  kernel_.at(kernel_.now() + workload_.pause_s(due_sessions_), *this, kArrival, user);
  ++due_sessions_;
}

}  // namespace agentsim::serving
