#pragma once

#include <string>

#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// A plan for people: its agents as a tree, each under the call that spawns it; with `with_calls` each call on
// a line of its own. Ends with a line end.
std::string plan_text(const SessionPlan& plan, const PlanNames& names, bool with_calls);

// The same as a graph in the language of Graphviz: a box of calls for each agent; what a call waits for are
// the edges, with the time that passes at least.
std::string plan_dot(const SessionPlan& plan, const PlanNames& names);

}  // namespace agentsim::workload
