#pragma once

#include <functional>

#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// Checks the contract of plan.hpp: sums of slices, parents before children, joins after spawns, no cycle.
// Throws ContractViolation naming the session and what is wrong.
void validate(const SessionPlan& plan);

// The longest chain of calls, gaps and spawns from the session's arrival to the end of its last agent, if
// each call takes `call_time_s`: what the session lasts when it never waits for another.
double critical_path_s(const SessionPlan& plan,
                       const std::function<double(const SessionPlan&, const Call&)>& call_time_s);

}  // namespace agentsim::workload
