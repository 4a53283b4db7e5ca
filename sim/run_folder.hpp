#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/result_folder.hpp"
#include "sim/metrics/run_summary.hpp"
#include "sim/simulation.hpp"

namespace agentsim {

// The version of the program and of the SimGrid it runs on.
std::string version();
// Of the results: raised whenever the same scenario gives other numbers than before (CHANGELOG.md, Changed
// results), so that kept ones are not taken for new ones.
std::string results_version();

struct RunResult {
  metrics::RunSummary summary;
  RunFacts facts;
  nlohmann::ordered_json json;  // what summary.json holds
  std::string fingerprint;      // 16 hex digits over summary.json, sessions.csv and calls.csv
};

// Simulates one platform with one seed and writes manifest.json, summary.json, sessions.csv, calls.csv,
// replicas.csv and links.csv into the folder, their names led by `prefix`. `command` is what the user typed.
// The bytes depend on the scenario, the platform and the seed alone, and on `command` in the manifest.
RunResult run_into(const Scenario& scenario, const PlatformChoice& choice, uint64_t seed,
                   const std::string& command, const ResultFolder& folder, const std::string& prefix,
                   const Progress& progress = {});

}  // namespace agentsim
