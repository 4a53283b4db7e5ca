#include "analysis/study/compare.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "analysis/study/process_pool.hpp"
#include "sim/run_folder.hpp"

namespace agentsim::study {
namespace {

using Json = nlohmann::ordered_json;

std::string prefix_of(const PlatformChoice& choice, int64_t replication) {
  return fmt::format("runs/{}/{}/", choice.label, replication);
}

// Replication by replication, so that a failure of one platform shows early.
std::vector<Job> jobs_of(const Scenario& scenario, const CompareOptions& options, const ResultFolder& folder,
                         const RunInto& run) {
  std::vector<Job> jobs;
  for (int64_t r = 0; r < scenario.replications; ++r) {
    for (const PlatformChoice& choice : scenario.platforms) {
      jobs.push_back({fmt::format("{}, replication {}", choice.label, r), [&, r] {
                        run(scenario, choice, replication_seed(scenario.seed, r), options.command, folder,
                            prefix_of(choice, r));
                      }});
    }
  }
  return jobs;
}

void run_all(const Scenario& scenario, const CompareOptions& options, const ResultFolder& folder,
             const RunInto& run) {
  const size_t processors = std::max(1U, std::thread::hardware_concurrency());
  OnJobEnd show;
  if (!options.quiet && ::isatty(STDERR_FILENO) != 0) {
    show = [](size_t ended, size_t total) {
      fmt::print(stderr, "\r{} of {} runs{}", ended, total, ended == total ? "\n" : "");
      std::fflush(stderr);
    };
  }
  run_jobs(jobs_of(scenario, options, folder, run), options.jobs > 0 ? options.jobs : processors, show);
}

std::vector<std::vector<Run>> read_runs(const Scenario& scenario, const StudySpec& study,
                                        const ResultFolder& folder) {
  std::vector<std::vector<Run>> runs;
  for (const PlatformChoice& choice : scenario.platforms) {
    runs.emplace_back();
    for (int64_t r = 0; r < scenario.replications; ++r)
      runs.back().push_back(read_run(folder.path() / prefix_of(choice, r), choice, study.prices));
  }
  return runs;
}

Json manifest(const Scenario& scenario, const CompareOptions& options, const Comparison& comparison) {
  Json resolved = Json::object(), prices = Json::object(), seeds = Json::array();
  for (int64_t r = 0; r < scenario.replications; ++r) seeds.push_back(replication_seed(scenario.seed, r));
  for (const PlatformChoice& choice : scenario.platforms)
    resolved[choice.label] = dump_scenario(scenario, choice);
  for (const cost::PriceList& list : comparison.study.prices) prices[list.name] = config::dump(list);
  return {{"command", options.command},
          {"version", version()},
          {"scenario", scenario.file},
          {"replications", scenario.replications},
          {"seeds", seeds},
          {"fingerprint", comparison.fingerprint},
          {"notes", comparison.notes},
          {"study", config::dump(comparison.study)},
          {"prices", prices},
          {"resolved", resolved}};
}

}  // namespace

Comparison compare(const Scenario& scenario, const CompareOptions& options) {
  return compare(scenario, options,
                 [](const Scenario& s, const PlatformChoice& choice, uint64_t seed,
                    const std::string& command, const ResultFolder& folder,
                    const std::string& prefix) { run_into(s, choice, seed, command, folder, prefix); });
}

Comparison compare(const Scenario& scenario, const CompareOptions& options, const RunInto& run) {
  const StudySpec study = load_study(scenario);
  ResultFolder folder(options.out);
  run_all(scenario, options, folder, run);
  const Comparison comparison = summarise(scenario, study, read_runs(scenario, study, folder));
  folder.write("compare.csv", comparison_csv(comparison));
  folder.write("compare.json", to_json(comparison).dump(2) + "\n");
  folder.write("manifest.json", manifest(scenario, options, comparison).dump(2) + "\n");
  folder.commit();
  return comparison;
}

}  // namespace agentsim::study
