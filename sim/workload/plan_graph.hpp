#pragma once

#include <functional>
#include <vector>

#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// Checks the contract of plan.hpp: sums of slices, parents before children, joins after spawns, no cycle.
// Throws ContractViolation naming the session and what is wrong.
void validate(const SessionPlan& plan);

// From the end of all that a call waits for to its start, if its tools never queue.
double gap_s(const SessionPlan& plan, const Call& call);

// When each call starts, from the session's arrival, if each takes `call_time_s` and nothing ever waits for
// another session; infinity for calls that are never made (budgets, losers of join groups).
std::vector<double> call_starts_s(const SessionPlan& plan,
                                  const std::function<double(const SessionPlan&, const Call&)>& call_time_s);

// From the session's arrival to the end of its last agent, if each call takes `call_time_s` and nothing ever
// waits for another session: the longest chain of calls, gaps and spawns. Losers of a join group end with it;
// a message of theirs counts when it would have been sent.
double critical_path_s(const SessionPlan& plan,
                       const std::function<double(const SessionPlan&, const Call&)>& call_time_s);

}  // namespace agentsim::workload
