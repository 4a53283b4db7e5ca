#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "analysis/study/figures.hpp"
#include "analysis/study/study_spec.hpp"
#include "analysis/study/verdict.hpp"
#include "sim/metrics/table.hpp"

namespace agentsim::study {

struct PlatformResult {
  std::string label;
  std::string gpu;
  int gpus = 0;       // paid for
  int gpus_used = 0;  // by replicas
  int replicas = 0;
  std::vector<Figure> figures;           // the same metrics in the same order on every platform
  std::vector<cost::HourlyCost> hourly;  // by price list, mean over the replications
  serving::TimeSplit path;               // of a session's critical path, mean over the replications

  const Figure& figure(const std::string& metric, const std::string& prices = "") const;
};

// The answer to a scenario: its platforms side by side.
struct Comparison {
  std::string file;  // of the scenario
  std::string name;
  std::string title;
  StudySpec study;
  metrics::SLO slo;
  std::vector<uint64_t> seeds;  // of the replications that count
  size_t repeats = 0;           // replications left out because they are another one once more
  std::vector<PlatformResult> platforms;
  size_t baseline = 0;            // index into platforms
  std::vector<Verdict> verdicts;  // on every platform but the baseline
  std::vector<std::string> notes;
  std::string fingerprint;  // of all runs and of what is said here; 16 hex digits
};

// `runs[p][r]` is replication r on platform p of the scenario. A replication that ran the same sessions as
// another one with the same results on every platform is left out: it is no further evidence. Throws
// ContractViolation if the platforms of a replication did not run the same sessions.
Comparison summarise(const Scenario& scenario, const StudySpec& study,
                     const std::vector<std::vector<Run>>& runs);

// compare.csv: a row for each platform, price list and metric.
std::string comparison_csv(const Comparison& comparison);
std::vector<metrics::ColumnDoc> comparison_columns();

// compare.json
nlohmann::ordered_json to_json(const Comparison& comparison);

// The table and the verdicts for people, at most 100 columns wide.
std::string report(const Comparison& comparison);

}  // namespace agentsim::study
