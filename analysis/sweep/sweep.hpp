#pragma once

#include <filesystem>
#include <string>

#include "analysis/batch/executor.hpp"
#include "analysis/sweep/plan.hpp"
#include "analysis/sweep/sweep_folder.hpp"

namespace agentsim::sweep {

struct SweepOptions {
  std::string program;  // this one, for tasks elsewhere
  std::filesystem::path out;
  std::filesystem::path store;  // empty: that of the file, else `points` beside `out`
  SweepOverrides overrides;
  size_t jobs = 0;
  std::string command;
  batch::OnStanding on_standing;
};

struct SweepResult {
  batch::Standing standing;
  bool is_done = false;  // false: others go on with it
  Merged merged;         // if it is done
};

// Runs what the store lacks of a sweep and merges. The same call again goes on where the last one was ended.
// Throws ConfigError, also if another process works in `out`; Interrupted; RunError if nothing can be
// written.
SweepResult run(const Plan& plan, const SweepOptions& options);

// A part of a sweep as a task of a cluster: the points whose numbers stand in that line of a file, from 0.
SweepResult work(const SweepFolder& folder, const std::filesystem::path& tasks, size_t line, size_t jobs);

// Where finished points are kept.
batch::ResultStore store_of(const Plan& plan, const SweepOptions& options);

// How long a sweep will take.
struct Estimate {
  batch::Standing standing;
  double seconds_a_point = 0.0;  // mean; 0: unknown
  size_t tried = 0;              // points that were run for a moment; 0: taken from finished ones
};
Estimate estimate(const Plan& plan, const batch::ResultStore& store);

}  // namespace agentsim::sweep
