#pragma once

#include <functional>
#include <string>

#include "sim/workload/json_lines.hpp"
#include "sim/workload/name_numbers.hpp"
#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// Reads a line that plan_line() wrote, and checks the contract of plan.hpp. Nothing if a mistake was
// reported.
std::optional<SessionPlan> read_plan(const JsonObject& line, NameNumbers& names);

}  // namespace agentsim::workload
