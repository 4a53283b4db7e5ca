#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "analysis/study/comparison.hpp"
#include "sim/base/result_folder.hpp"

namespace agentsim::study {

struct CompareOptions {
  std::filesystem::path out;  // results folder, replaced as a whole at the end
  size_t jobs = 0;            // runs at once; 0: one a processor
  bool quiet = false;         // no progress on stderr
  std::string command;        // what the user typed, for the manifests
  std::filesystem::path
      store{};  // where finished runs are kept and looked for; empty: `<out>.runs`, until all are done
};

// Runs one replication and writes its files into the folder, their names led by the prefix.
using RunInto =
    std::function<void(const Scenario& scenario, const PlatformChoice& choice, uint64_t seed,
                       const std::string& command, const ResultFolder& folder, const std::string& prefix)>;

// Runs every platform of the scenario `replications` times, each replication with the same seed on all of
// them, so that all meet the same sessions, and each run in a process of its own. Writes into `out`
//   runs/<label>/<replication>/   what run_into writes
//   compare.csv, compare.json     the figures and the verdicts (comparison.hpp)
//   manifest.json                 command, version, seeds, resolved values, prices with their sources, notes
// or nothing at all. Finished runs are not lost with the process: the same comparison takes them from the
// store (batch/result_store.hpp) and goes on. Call it before any simulation has begun in this process. Throws
// what load_study, run_into and run_points throw; Interrupted and RunError say where the finished runs are.
Comparison compare(const Scenario& scenario, const CompareOptions& options);

// The same with another way to run, for tests.
Comparison compare(const Scenario& scenario, const CompareOptions& options, const RunInto& run);

}  // namespace agentsim::study
