#pragma once

#include <string>
#include <vector>

#include "analysis/sweep/plan.hpp"

namespace agentsim::sweep {

struct Merged {
  std::string results;   // sweep.csv: a row for each finished point and price list
  std::string failures;  // failures.csv: a row for each point that failed or cannot be run
  size_t finished = 0, failed = 0, missing = 0;  // points
};

// The columns of both files that are no axes, with their meanings.
std::vector<std::pair<std::string, std::string>> result_columns();
std::vector<std::pair<std::string, std::string>> failure_columns();

// A damaged point counts as missing.
Merged merge(const Plan& plan, const batch::ResultStore& store, const batch::FailureBook& failures);

// Throws ConfigError if an axis has the name of another column.
void check_columns(const SweepSpec& spec);

}  // namespace agentsim::sweep
