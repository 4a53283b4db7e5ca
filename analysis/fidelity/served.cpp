#include "analysis/fidelity/served.hpp"

#include <algorithm>

#include "analysis/batch/process_pool.hpp"
#include "analysis/batch/run_points.hpp"
#include "analysis/batch/shared_array.hpp"
#include "analysis/statistics/quantile.hpp"
#include "sim/metrics/recorder.hpp"
#include "sim/simulation.hpp"

namespace agentsim::fidelity {
namespace {

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return statistics::quantile(values, 0.5);
}

ServedFigures figures_of(const std::vector<serving::CallRecord>& calls) {
  ServedFigures figures;
  std::vector<double> ttft, tpot, e2e;
  double output = 0.0, begin = calls.front().arrival_s, end = 0.0;
  for (const serving::CallRecord& call : calls) {
    ttft.push_back(call.first_token_s - call.arrival_s);
    e2e.push_back(call.end_s - call.arrival_s);
    if (call.output_tokens > 1)
      tpot.push_back((call.last_token_s - call.first_token_s) / static_cast<double>(call.output_tokens - 1));
    output += static_cast<double>(call.output_tokens);
    begin = std::min(begin, call.arrival_s);
    end = std::max(end, call.end_s);
  }
  figures.mean_ttft_s = mean(ttft);
  figures.median_ttft_s = median(ttft);
  figures.mean_e2e_s = mean(e2e);
  figures.output_tokens_per_s = output / (end - begin);
  if (tpot.empty()) return figures;
  figures.mean_tpot_s = mean(tpot);
  figures.median_tpot_s = median(tpot);
  return figures;
}

ServedFigures serve_one(const ServedRun& run) {
  const Scenario scenario = read_scenario(config::Value::parse(run.scenario, run.name), run.name);
  metrics::Recorder recorder;
  simulate(scenario, scenario.platforms.front(), replication_seed(scenario.seed, 0), recorder);
  recorder.sort();
  return figures_of(recorder.calls());
}

}  // namespace

std::vector<ServedFigures> serve(const std::vector<ServedRun>& runs) {
  const batch::SharedArray<ServedFigures> shared(runs.size());
  std::vector<batch::Job> jobs;
  for (size_t i = 0; i < runs.size(); ++i)
    jobs.push_back({runs[i].name, [&runs, &shared, i] { shared[i] = serve_one(runs[i]); }});
  batch::run_jobs(jobs, batch::processors());
  std::vector<ServedFigures> figures;
  for (size_t i = 0; i < runs.size(); ++i) figures.push_back(shared[i]);
  return figures;
}

}  // namespace agentsim::fidelity
