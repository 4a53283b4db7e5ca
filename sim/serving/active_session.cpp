#include "sim/serving/active_session.hpp"

#include <algorithm>

namespace agentsim::serving {

void ActiveSession::begin(std::shared_ptr<const workload::SessionPlan> drawn) {
  plan = std::move(drawn);
  const size_t count = plan->agents.size();
  agents.resize(count);
  records.resize(plan->calls.size());
  causes.resize(plan->calls.size());
  group_ended.resize(plan->join_groups.size());
  live_agents = static_cast<uint32_t>(count);
  first_child.assign(count + 1, 0);
  for (size_t a = 1; a < count; ++a) ++first_child[static_cast<size_t>(plan->agents[a].parent) + 1];
  for (size_t a = 1; a <= count; ++a) first_child[a] += first_child[a - 1];
  children.resize(count - 1);
  std::vector<uint32_t> next = first_child;
  for (uint32_t a = 1; a < count; ++a) children[next[static_cast<size_t>(plan->agents[a].parent)]++] = a;
}

uint32_t ActiveSession::agent_of(uint32_t call) const {
  const auto after =
      std::upper_bound(plan->agents.begin(), plan->agents.end(), call,
                       [](uint32_t wanted, const workload::Agent& a) { return wanted < a.first_call; });
  return static_cast<uint32_t>(after - plan->agents.begin() - 1);
}

void ActiveSession::leave(uint32_t agent) {
  if (plan->agents[agent].parent >= 0)
    to_look_at.push_back(static_cast<uint32_t>(plan->agents[agent].parent));
  for (const workload::Message& message : plan->messages)
    if (agent_of(message.sender) == agent) to_look_at.push_back(agent_of(message.reader));
}

bool ActiveSession::is_held(uint32_t agent) const {
  const auto call = static_cast<int32_t>(agents[agent].next_call);
  for (uint32_t i = first_child[agent]; i < first_child[agent + 1]; ++i) {
    const workload::Agent& child = plan->agents[children[i]];
    if (child.join_call != call) continue;
    if (child.join_group < 0 ? !is_over(children[i])
                             : group_ended[static_cast<size_t>(child.join_group)] <
                                   plan->join_groups[static_cast<size_t>(child.join_group)].needed)
      return true;
  }
  const uint32_t reader = plan->agents[agent].first_call + agents[agent].next_call;
  auto message =
      std::lower_bound(plan->messages.begin(), plan->messages.end(), reader,
                       [](const workload::Message& m, uint32_t wanted) { return m.reader < wanted; });
  for (; message != plan->messages.end() && message->reader == reader; ++message) {
    const uint32_t sender = agent_of(message->sender);
    const bool is_sent = plan->agents[sender].first_call + agents[sender].next_call > message->sender;
    if (!is_sent && !is_over(sender)) return true;
  }
  return false;
}

std::vector<CallRecord> ActiveSession::close() {
  std::vector<CallRecord> ended;
  ended.reserve(records.size());
  uint32_t last = 0;
  for (size_t a = 0; a < agents.size(); ++a) {
    const uint32_t first = plan->agents[a].first_call;
    for (uint32_t i = first; i < first + agents[a].next_call; ++i) {
      const CallRecord& record = records[i];
      session.prompt_tokens += record.prompt_tokens;
      session.hit_tokens += record.hit_tokens;
      session.output_tokens += record.output_tokens;
      session.preemptions += record.preemptions;
      if (record.end_s > records[last].end_s) last = i;
      ended.push_back(record);
    }
  }
  session.agents = static_cast<uint32_t>(agents.size());
  session.calls = static_cast<uint32_t>(ended.size());
  session.end_s = records[last].end_s;
  for (uint32_t at = last; at != kNone; at = causes[at].call) {
    session.path += records[at].split;
    session.path.tool_s += causes[at].tool_s;
    session.path.tool_queue_s += causes[at].tool_queue_s;
    session.path.human_s += causes[at].human_s;
  }
  return ended;
}

}  // namespace agentsim::serving
