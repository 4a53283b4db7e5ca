#include "sim/workload/plan_graph.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/topological_sort.hpp>
#include <cmath>

#include "sim/base/contract.hpp"

namespace agentsim::workload {
namespace {

// A vertex is a call; an edge carries how long after the source's end the target begins at the earliest.
using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, boost::no_property,
                                    boost::property<boost::edge_weight_t, double>>;

Graph make_graph(const SessionPlan& plan) {
  Graph graph(plan.calls.size());
  const auto call_of = [&](const Agent& agent, uint32_t number) { return size_t{agent.first_call} + number; };
  for (const Agent& agent : plan.agents) {
    for (uint32_t i = 1; i < agent.call_count; ++i) {
      const size_t call = call_of(agent, i);
      boost::add_edge(call - 1, call, plan.calls[call].gap_s, graph);
    }
    if (agent.parent < 0) continue;
    const Agent& parent = plan.agents[static_cast<size_t>(agent.parent)];
    const double first_gap_s = plan.calls[agent.first_call].gap_s;
    boost::add_edge(call_of(parent, agent.spawn_call), call_of(agent, 0), agent.spawn_delay_s + first_gap_s,
                    graph);
    if (agent.join_call < 0) continue;
    const size_t join = call_of(parent, static_cast<uint32_t>(agent.join_call));
    boost::add_edge(call_of(agent, agent.call_count - 1), join, plan.calls[join].gap_s, graph);
  }
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
}

void check_call(const SessionPlan& plan, size_t number) {
  const Call& call = plan.calls[number];
  AGENTSIM_CONTRACT(call.prompt_tokens >= 1 && call.output_tokens >= 1,
                    "session {}: call {} has {} prompt and {} output tokens", plan.index, number,
                    call.prompt_tokens, call.output_tokens);
  AGENTSIM_CONTRACT(std::isfinite(call.gap_s) && call.gap_s >= 0.0, "session {}: call {} has the gap {} s",
                    plan.index, number, call.gap_s);
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
  calls_in_order(plan, make_graph(plan));
}

double critical_path_s(const SessionPlan& plan,
                       const std::function<double(const SessionPlan&, const Call&)>& call_time_s) {
  const Graph graph = make_graph(plan);
  const auto delay_s = boost::get(boost::edge_weight, graph);
  std::vector<double> ended_s(plan.calls.size(), 0.0);
  double last_s = 0.0;
  for (const size_t call : calls_in_order(plan, graph)) {
    const auto [edge, end] = boost::in_edges(call, graph);
    double started_s = edge == end ? plan.calls[call].gap_s : 0.0;
    for (auto it = edge; it != end; ++it)
      started_s = std::max(started_s, ended_s[boost::source(*it, graph)] + delay_s[*it]);
    ended_s[call] = started_s + call_time_s(plan, plan.calls[call]);
    last_s = std::max(last_s, ended_s[call]);
  }
  return last_s;
}

}  // namespace agentsim::workload
