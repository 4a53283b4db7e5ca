#pragma once

#include <string>

#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// A plan as one line of JSON without its line end, the native plan format. Keys have a fixed order; times are
// decimal seconds rounded to 1 us; `streams` lists the identities as 16 hexadecimal digits, and a slice [s,
// b, e] is tokens [b, e) of streams[s]. A call's output is [s, b]: it continues streams[s] at b.
// Left out where there is nothing to say: `needed` (of each join group), an agent's `deployment`,
// `join_group` (index into `needed`) and `budget_s`, a call's `purpose`, `reasoning_tokens`, `tools`
// ([{name, service_s, resource, parallel}]) and `messages` ([agent, call of it] that the call waits for).
std::string plan_line(const SessionPlan& plan, const PlanNames& names);

// The words of the format.
const char* gap_word(Gap gap);              // none, tool, human
const char* purpose_word(Purpose purpose);  // step, summary, failed

}  // namespace agentsim::workload
