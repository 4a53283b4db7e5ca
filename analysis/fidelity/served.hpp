#pragma once

#include <string>
#include <vector>

namespace agentsim::fidelity {

// A server that somebody measured, as a scenario of ours. Only its first platform is run.
struct ServedRun {
  std::string name;      // in messages
  std::string scenario;  // YAML
};

// Over all calls of a run, as benchmarks of servers count: nothing is left out as warm-up.
struct ServedFigures {
  double mean_ttft_s = 0.0;
  double median_ttft_s = 0.0;
  double mean_tpot_s = 0.0;  // of calls with several output tokens
  double median_tpot_s = 0.0;
  double mean_e2e_s = 0.0;
  double output_tokens_per_s = 0.0;  // from the first arrival to the last reply
};

// Simulates each run in a process of its own, as many at once as there are processors. Call it before any
// simulation has begun in this process. Throws what batch::run_jobs does.
std::vector<ServedFigures> serve(const std::vector<ServedRun>& runs);

}  // namespace agentsim::fidelity
