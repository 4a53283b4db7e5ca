#include "sim/workload/plan_graph.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/topological_sort.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "sim/base/contract.hpp"

namespace agentsim::workload {
namespace {

// A vertex is a call; an edge leads to a call that waits for it.
using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;

size_t call_of(const Agent& agent, int64_t number) {
  return agent.first_call + static_cast<size_t>(number);
}

Graph make_graph(const SessionPlan& plan) {
  Graph graph(plan.calls.size());
  for (const Agent& agent : plan.agents) {
    for (uint32_t i = 1; i < agent.call_count; ++i)
      boost::add_edge(call_of(agent, i - 1), call_of(agent, i), graph);
    if (agent.parent < 0) continue;
    const Agent& parent = plan.agents[static_cast<size_t>(agent.parent)];
    boost::add_edge(call_of(parent, agent.spawn_call), call_of(agent, 0), graph);
    if (agent.join_call >= 0)
      boost::add_edge(call_of(agent, agent.call_count - 1), call_of(parent, agent.join_call), graph);
  }
  for (const Message& message : plan.messages) boost::add_edge(message.sender, message.reader, graph);
  return graph;
}

// Calls in an order in which each comes after all that it waits for.
std::vector<size_t> calls_in_order(const SessionPlan& plan, const Graph& graph) {
  std::vector<size_t> order;
  order.reserve(plan.calls.size());
  try {
    boost::topological_sort(graph, std::back_inserter(order));
  } catch (const boost::not_a_dag&) {
    AGENTSIM_CONTRACT(false, "session {}: its calls wait for each other in a circle", plan.index);
  }
  std::reverse(order.begin(), order.end());
  return order;
}

void check_agent(const SessionPlan& plan, size_t number, size_t due_call) {
  const Agent& agent = plan.agents[number];
  AGENTSIM_CONTRACT(agent.call_count >= 1, "session {}: agent {} has no call", plan.index, number);
  AGENTSIM_CONTRACT(agent.first_call == due_call,
                    "session {}: agent {} begins at call {}, but call {} is due", plan.index, number,
                    agent.first_call, due_call);
  AGENTSIM_CONTRACT(plan.calls.size() - due_call >= agent.call_count,
                    "session {}: agent {} goes past the last call {}", plan.index, number, plan.calls.size());
  AGENTSIM_CONTRACT((number == 0) == (agent.parent < 0), "session {}: agent {} must {} a parent", plan.index,
                    number, number == 0 ? "not have" : "have");
  if (number == 0) return;
  AGENTSIM_CONTRACT(static_cast<size_t>(agent.parent) < number,
                    "session {}: agent {} has the later parent {}", plan.index, number, agent.parent);
  const uint32_t parent_calls = plan.agents[static_cast<size_t>(agent.parent)].call_count;
  AGENTSIM_CONTRACT(agent.spawn_call < parent_calls, "session {}: agent {} is spawned by call {} of {}",
                    plan.index, number, agent.spawn_call, parent_calls);
  AGENTSIM_CONTRACT(std::isfinite(agent.spawn_delay_s) && agent.spawn_delay_s >= 0.0,
                    "session {}: agent {} has the spawn delay {} s", plan.index, number, agent.spawn_delay_s);
  AGENTSIM_CONTRACT(agent.join_call == -1 || (agent.join_call > static_cast<int64_t>(agent.spawn_call) &&
                                              agent.join_call < static_cast<int64_t>(parent_calls)),
                    "session {}: agent {} is spawned by call {} and joined by call {} of {}", plan.index,
                    number, agent.spawn_call, agent.join_call, parent_calls);
  AGENTSIM_CONTRACT(agent.budget_s >= 0.0, "session {}: agent {} has the budget {} s", plan.index, number,
                    agent.budget_s);
}

// Members of a group have one parent and join it at one call, and there are as many as are needed.
void check_groups(const SessionPlan& plan) {
  std::vector<const Agent*> first(plan.join_groups.size(), nullptr);
  std::vector<uint32_t> members(plan.join_groups.size(), 0);
  for (const Agent& agent : plan.agents) {
    if (agent.join_group < 0) continue;
    const auto group = static_cast<size_t>(agent.join_group);
    AGENTSIM_CONTRACT(group < first.size(), "session {}: an agent is of the join group {} of {}", plan.index,
                      group, first.size());
    if (first[group] == nullptr) first[group] = &agent;
    ++members[group];
    AGENTSIM_CONTRACT(agent.join_call >= 0 && agent.parent == first[group]->parent &&
                          agent.join_call == first[group]->join_call,
                      "session {}: the agents of the join group {} are not joined by one call", plan.index,
                      group);
  }
  for (size_t group = 0; group < members.size(); ++group) {
    const uint32_t needed = plan.join_groups[group].needed;
    AGENTSIM_CONTRACT(needed >= 1 && needed <= members[group],
                      "session {}: the join group {} needs {} of {} agents", plan.index, group, needed,
                      members[group]);
  }
}

void check_messages(const SessionPlan& plan) {
  uint32_t last_reader = 0;
  for (const Message& message : plan.messages) {
    AGENTSIM_CONTRACT(message.sender < plan.calls.size() && message.reader < plan.calls.size(),
                      "session {}: a message from call {} to call {} of {}", plan.index, message.sender,
                      message.reader, plan.calls.size());
    AGENTSIM_CONTRACT(message.reader >= last_reader, "session {}: its messages are not in order", plan.index);
    last_reader = message.reader;
  }
}

void check_tools(const SessionPlan& plan, const Call& call, size_t number) {
  AGENTSIM_CONTRACT(size_t{call.first_tool} + call.tool_count <= plan.tools.size(),
                    "session {}: call {} goes past the last tool {}", plan.index, number, plan.tools.size());
  AGENTSIM_CONTRACT(call.tool_count == 0 || call.gap != Gap::none,
                    "session {}: call {} has tools, but waits for none", plan.index, number);
  for (size_t i = call.first_tool; i < size_t{call.first_tool} + call.tool_count; ++i)
    AGENTSIM_CONTRACT(std::isfinite(plan.tools[i].service_s) && plan.tools[i].service_s >= 0.0,
                      "session {}: tool {} of call {} takes {} s", plan.index, i, number,
                      plan.tools[i].service_s);
}

void check_call(const SessionPlan& plan, size_t number) {
  const Call& call = plan.calls[number];
  AGENTSIM_CONTRACT(call.prompt_tokens >= 1 && call.output_tokens >= 1,
                    "session {}: call {} has {} prompt and {} output tokens", plan.index, number,
                    call.prompt_tokens, call.output_tokens);
  AGENTSIM_CONTRACT(std::isfinite(call.gap_s) && call.gap_s >= 0.0, "session {}: call {} has the gap {} s",
                    plan.index, number, call.gap_s);
  AGENTSIM_CONTRACT(call.reasoning_tokens <= call.output_tokens,
                    "session {}: call {} has {} output tokens, {} of them reasoning", plan.index, number,
                    call.output_tokens, call.reasoning_tokens);
  check_tools(plan, call, number);
  AGENTSIM_CONTRACT(size_t{call.first_slice} + call.slice_count <= plan.slices.size(),
                    "session {}: call {} goes past the last slice {}", plan.index, number,
                    plan.slices.size());
  uint64_t sum = 0;
  for (size_t i = call.first_slice; i < size_t{call.first_slice} + call.slice_count; ++i) {
    const Slice& slice = plan.slices[i];
    AGENTSIM_CONTRACT(slice.begin < slice.end, "session {}: slice {} of call {} is [{}, {})", plan.index, i,
                      number, slice.begin, slice.end);
    sum += slice.tokens();
  }
  AGENTSIM_CONTRACT(sum == call.prompt_tokens,
                    "session {}: call {} has {} prompt tokens, but its slices have {}", plan.index, number,
                    call.prompt_tokens, sum);
}

// Walks the calls of a plan forward in time.
class Walk {
 public:
  using CallTime = std::function<double(const SessionPlan&, const Call&)>;

  Walk(const SessionPlan& plan, const CallTime& call_time_s)
      : plan_(plan),
        ended_s_(plan.calls.size()),
        call_start_s_(plan.calls.size()),
        agent_end_s_(plan.agents.size(), kNever),
        started_s_(plan.agents.size()) {
    const Graph graph = make_graph(plan);
    std::vector<size_t> agent_of(plan.calls.size());
    for (size_t a = 0; a < plan.agents.size(); ++a)
      for (uint32_t i = 0; i < plan.agents[a].call_count; ++i) agent_of[plan.agents[a].first_call + i] = a;
    for (const size_t call : calls_in_order(plan, graph)) {
      const size_t agent = agent_of[call];
      const bool first = call == plan.agents[agent].first_call;
      double date_s = first ? start_s(agent) : ended_s_[call - 1];
      if (first) started_s_[agent] = date_s;
      date_s = std::max(date_s, joined_s(agent, call - plan.agents[agent].first_call));
      for (const Message& message : plan.messages)
        if (message.reader == call) date_s = std::max(date_s, ended_s_[message.sender]);
      call_start_s_[call] = date_s + gap_s(plan, plan.calls[call]);
      ended_s_[call] = call_start_s_[call] + call_time_s(plan, plan.calls[call]);
      // Past its budget an agent does no more: what it has planned ends now.
      if (!first && ended_s_[call - 1] >= started_s_[agent] + plan.agents[agent].budget_s) {
        ended_s_[call] = ended_s_[call - 1];
        call_start_s_[call] = kNever;
        leave_children(agent, call - plan.agents[agent].first_call, ended_s_[call]);
      }
    }
  }

  std::vector<double> call_starts_s() {
    for (size_t a = 0; a < plan_.agents.size(); ++a) {
      const Agent& agent = plan_.agents[a];
      end_with_parent(a);
      for (size_t call = agent.first_call; call < size_t{agent.first_call} + agent.call_count; ++call)
        if (call_start_s_[call] >= agent_end_s_[a]) call_start_s_[call] = kNever;
    }
    return call_start_s_;
  }

  // Of all calls, those of cancelled agents as far as they came.
  double last_end_s() {
    double last_s = 0.0;
    for (size_t a = 0; a < plan_.agents.size(); ++a) {
      const Agent& agent = plan_.agents[a];
      end_with_parent(a);
      last_s = std::max(last_s, std::min(ended_s_[call_of(agent, agent.call_count - 1)], agent_end_s_[a]));
    }
    return last_s;
  }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  void end_with_parent(size_t number) {
    const int32_t parent = plan_.agents[number].parent;
    if (parent >= 0)
      agent_end_s_[number] = std::min(agent_end_s_[number], agent_end_s_[static_cast<size_t>(parent)]);
  }

  double start_s(size_t number) const {
    const Agent& agent = plan_.agents[number];
    if (agent.parent < 0) return 0.0;
    const Agent& parent = plan_.agents[static_cast<size_t>(agent.parent)];
    return ended_s_[call_of(parent, agent.spawn_call)] + agent.spawn_delay_s;
  }

  // When all that the call joins has ended; losers of groups are cancelled then.
  double joined_s(size_t parent, size_t call) {
    double date_s = 0.0;
    std::map<int32_t, std::vector<double>> groups;
    for (size_t a = parent + 1; a < plan_.agents.size(); ++a) {
      const Agent& agent = plan_.agents[a];
      if (agent.parent != static_cast<int32_t>(parent) || agent.join_call != static_cast<int32_t>(call))
        continue;
      const double end_s = ended_s_[call_of(agent, agent.call_count - 1)];
      if (agent.join_group < 0) date_s = std::max(date_s, end_s);
      if (agent.join_group >= 0) groups[agent.join_group].push_back(end_s);
    }
    for (auto& [group, ends_s] : groups) {
      std::sort(ends_s.begin(), ends_s.end());
      const double enough_s = ends_s[plan_.join_groups[static_cast<size_t>(group)].needed - 1];
      date_s = std::max(date_s, enough_s);
      for (size_t a = parent + 1; a < plan_.agents.size(); ++a)
        if (plan_.agents[a].join_group == group) agent_end_s_[a] = enough_s;
    }
    return date_s;
  }

  // The call is never made: whom it would have spawned does not start, whom it would have joined is
  // cancelled.
  void leave_children(size_t parent, size_t call, double date_s) {
    for (size_t a = parent + 1; a < plan_.agents.size(); ++a) {
      const Agent& agent = plan_.agents[a];
      if (agent.parent != static_cast<int32_t>(parent)) continue;
      if (agent.spawn_call == call || agent.join_call == static_cast<int32_t>(call)) agent_end_s_[a] = date_s;
    }
  }

  const SessionPlan& plan_;
  std::vector<double> ended_s_;
  std::vector<double> call_start_s_;
  std::vector<double> agent_end_s_;  // cancelled by then
  std::vector<double> started_s_;    // of agents
};

}  // namespace

void validate(const SessionPlan& plan) {
  AGENTSIM_CONTRACT(!plan.agents.empty(), "session {}: it has no agent", plan.index);
  size_t calls = 0;
  for (size_t i = 0; i < plan.agents.size(); ++i) {
    check_agent(plan, i, calls);
    calls += plan.agents[i].call_count;
  }
  AGENTSIM_CONTRACT(calls == plan.calls.size(), "session {}: {} calls belong to agents, but there are {}",
                    plan.index, calls, plan.calls.size());
  for (size_t i = 0; i < calls; ++i) check_call(plan, i);
  check_groups(plan);
  check_messages(plan);
  calls_in_order(plan, make_graph(plan));
}

double gap_s(const SessionPlan& plan, const Call& call) {
  double ended_s = call.gap_s;
  double started_s = call.gap_s;
  for (uint32_t i = call.first_tool; i < call.first_tool + call.tool_count; ++i) {
    const Tool& tool = plan.tools[i];
    if (!tool.parallel) started_s = ended_s;
    ended_s = std::max(ended_s, started_s + tool.service_s);
  }
  return ended_s;
}

std::vector<double> call_starts_s(const SessionPlan& plan,
                                  const std::function<double(const SessionPlan&, const Call&)>& call_time_s) {
  return Walk(plan, call_time_s).call_starts_s();
}

double critical_path_s(const SessionPlan& plan,
                       const std::function<double(const SessionPlan&, const Call&)>& call_time_s) {
  return Walk(plan, call_time_s).last_end_s();
}

}  // namespace agentsim::workload
