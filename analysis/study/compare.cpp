#include "analysis/study/compare.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "analysis/batch/folder_lock.hpp"
#include "analysis/batch/point_key.hpp"
#include "analysis/batch/run_points.hpp"
#include "sim/base/contract.hpp"
#include "sim/base/text_file.hpp"
#include "sim/run_folder.hpp"

namespace agentsim::study {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

std::string prefix_of(const PlatformChoice& choice, int64_t replication) {
  return fmt::format("runs/{}/{}/", choice.label, replication);
}

// The finished runs: a store of this comparison alone, gone when all are done, or one that is shared.
class Runs {
 public:
  Runs(const CompareOptions& options, const fs::path& target)
      : is_own_(options.store.empty()),
        store_(is_own_ ? fs::path(target.string() + ".runs") : options.store) {
    store_.open();
    if (is_own_) lock_ = std::make_unique<batch::FolderLock>(store_.root());
  }

  const batch::ResultStore& store() const { return store_; }
  void remove() {
    lock_.reset();
    std::error_code ignored;
    if (is_own_) fs::remove_all(store_.root(), ignored);
  }
  // Removes it only if no run is in it; else says what is kept.
  std::string leave(size_t finished) {
    if (finished == 0) {
      remove();
      return "; nothing was written";
    }
    return fmt::format("; {} finished run{} kept in {}, and the same command goes on from there", finished,
                       finished == 1 ? " is" : "s are", store_.root().string());
  }

 private:
  bool is_own_;
  batch::ResultStore store_;
  std::unique_ptr<batch::FolderLock> lock_;
};

// Replication by replication, so that a failure of one platform shows early.
std::vector<batch::Point> points_of(const Scenario& scenario, const CompareOptions& options,
                                    const RunInto& run) {
  std::vector<batch::Point> points;
  batch::KeyMaker keys;
  const std::string common = keys.common(scenario);
  std::vector<std::string> platforms;
  for (const PlatformChoice& choice : scenario.platforms) platforms.push_back(keys.platform(choice));
  for (int64_t r = 0; r < scenario.replications; ++r) {
    const uint64_t seed = replication_seed(scenario.seed, r);
    for (size_t p = 0; p < platforms.size(); ++p) {
      const PlatformChoice& choice = scenario.platforms[p];
      points.push_back({fmt::format("{}, replication {}", choice.label, r),
                        batch::KeyMaker::key(common, platforms[p], seed),
                        [&, seed](const ResultFolder& folder) {
                          run(scenario, choice, seed, options.command, folder, "");
                        }});
    }
  }
  return points;
}

batch::OnStanding shown(const CompareOptions& options) {
  if (options.quiet || ::isatty(STDERR_FILENO) == 0) return {};
  return [](const batch::Standing& standing) {
    const size_t ended = standing.total - standing.left();
    fmt::print(stderr, "\r{} of {} runs{}", ended, standing.total, ended == standing.total ? "\n" : "");
    std::fflush(stderr);
  };
}

void run_all(const std::vector<batch::Point>& points, const CompareOptions& options, Runs& runs) {
  constexpr auto kAll = batch::ResultStore::Keep::tables;
  batch::Standing standing;
  try {
    batch::run_points(batch::missing(points, runs.store(), kAll, standing), runs.store(),
                      {options.jobs, kAll, nullptr, shown(options)}, standing);
  } catch (const ConfigError&) {
    runs.remove();  // another scenario will be run next
    throw;
  } catch (const Interrupted&) {
    throw Interrupted("interrupted" + runs.leave(standing.found + standing.done));
  } catch (const RunError& error) {
    throw RunError(error.what() + runs.leave(standing.found + standing.done));
  }
}

// A kept run as this comparison would have written it: it may have been run under another name.
void take(const fs::path& kept, const Scenario& scenario, const PlatformChoice& choice,
          const std::string& command, const ResultFolder& folder, const std::string& prefix) {
  for (const auto& entry : fs::directory_iterator(kept)) {
    const std::string name = entry.path().filename().string();
    if (name == "point.json") continue;
    std::string text = read_text(entry.path().string());
    if (name == "manifest.json") {
      Json manifest = Json::parse(text);
      manifest["command"] = command;
      manifest["scenario"] = scenario.file;
      if (manifest.contains("resolved")) manifest["resolved"] = dump_scenario(scenario, choice);
      text = manifest.dump(2) + "\n";
    }
    folder.write(prefix + name, text);
  }
}

std::vector<std::vector<Run>> read_runs(const Scenario& scenario, const StudySpec& study,
                                        const CompareOptions& options,
                                        const std::vector<batch::Point>& points, const Runs& runs,
                                        const ResultFolder& folder) {
  std::vector<std::vector<Run>> read;
  for (size_t p = 0; p < scenario.platforms.size(); ++p) {
    const PlatformChoice& choice = scenario.platforms[p];
    read.emplace_back();
    for (int64_t r = 0; r < scenario.replications; ++r) {
      const std::string& key = points[static_cast<size_t>(r) * scenario.platforms.size() + p].key;
      const std::string prefix = prefix_of(choice, r);
      take(runs.store().folder(key), scenario, choice, options.command, folder, prefix);
      read.back().push_back(read_run(folder.path() / prefix, choice, study.prices));
    }
  }
  return read;
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
  Runs runs(options, folder.target());
  const std::vector<batch::Point> points = points_of(scenario, options, run);
  run_all(points, options, runs);
  const Comparison comparison =
      summarise(scenario, study, read_runs(scenario, study, options, points, runs, folder));
  folder.write("compare.csv", comparison_csv(comparison));
  folder.write("compare.json", to_json(comparison).dump(2) + "\n");
  folder.write("manifest.json", manifest(scenario, options, comparison).dump(2) + "\n");
  folder.commit();
  runs.remove();
  return comparison;
}

}  // namespace agentsim::study
