#pragma once

#include <string>
#include <vector>

#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// A plan as one line of JSON without its line end, the native plan format. Keys have a fixed order; times are
// decimal seconds rounded to 1 us; `streams` lists the identities as 16 hexadecimal digits, and a slice [s,
// b, e] is tokens [b, e) of streams[s]. A call's output is [s, b]: it continues streams[s] at b.
std::string plan_line(const SessionPlan& plan, const std::vector<std::string>& roles);

}  // namespace agentsim::workload
