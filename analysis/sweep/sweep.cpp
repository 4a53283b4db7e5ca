#include "analysis/sweep/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "sim/base/contract.hpp"
#include "sim/base/text_file.hpp"
#include "sim/simulation.hpp"

namespace agentsim::sweep {
namespace fs = std::filesystem;
namespace {

batch::ResultStore::Keep keep_of(const Plan& plan) {
  return plan.spec().keeps_tables ? batch::ResultStore::Keep::tables : batch::ResultStore::Keep::summary;
}

void make_folder(const fs::path& out) {
  std::error_code failed;
  if (fs::exists(out) && !fs::is_directory(out))
    batch::refuse_folder(out, "exists and is not a folder; choose another with --out");
  if (fs::exists(out) && !fs::is_empty(out) && !fs::exists(out / "lock") &&
      !fs::exists(out / "manifest.json"))
    batch::refuse_folder(out, "exists and holds other files; choose another folder with --out");
  fs::create_directories(out, failed);
  if (failed) batch::refuse_folder(out, fmt::format("cannot be made: {}", failed.message()));
}

// The batch of what the store lacks, and the numbers of its points.
batch::Batch batch_of(const Plan& plan, const SweepFolder& folder, const batch::ResultStore& store,
                      const std::vector<batch::Point>& points, const std::vector<size_t>& numbers,
                      const batch::RunPoints& how, const std::string& program, batch::Standing& standing) {
  batch::Batch batch{plan.spec().name, folder.path(), store, {}, {}, {program, "sweep"}, how};
  batch.points = batch::missing(points, store, how.keep, standing);
  for (const batch::Point* point : batch.points)
    batch.numbers.push_back(numbers[static_cast<size_t>(point - points.data())]);
  return batch;
}

std::string standing_words(const batch::Standing& s) {
  return fmt::format("{} of {} points are finished, and the same command goes on from there",
                     s.found + s.done, s.total);
}

}  // namespace

batch::ResultStore store_of(const Plan& plan, const SweepOptions& options) {
  fs::path root = options.store;
  if (root.empty()) root = plan.spec().store;
  if (root.empty()) root = SweepFolder(options.out).path().parent_path() / "points";
  return batch::ResultStore(fs::absolute(root).lexically_normal());
}

SweepResult run(const Plan& plan, const SweepOptions& options) {
  check_columns(plan.spec());
  const std::unique_ptr<batch::Executor> executor = load_executor(plan.spec());
  executor->check();
  const SweepFolder folder(options.out);
  for (const std::string& name : batch::Executors::names())
    for (const std::string& line : batch::Executors::make(name)->at_work(folder.path()))
      batch::refuse_folder(folder.path(), fmt::format("{}; see 'agentsim sweep status' and 'cancel'", line));
  make_folder(folder.path());
  const batch::FolderLock lock(folder.path());
  const batch::ResultStore store = store_of(plan, options);
  store.open();
  const batch::FailureBook failures = folder.failures();
  folder.write({options.command, plan.spec().file, fs::current_path(), options.overrides, store.root(),
                plan.fingerprint()},
               plan);
  SweepResult result;
  std::vector<size_t> numbers;
  const std::vector<batch::Point> points = plan.work(options.command, numbers);
  const batch::RunPoints how{options.jobs, keep_of(plan), &failures, options.on_standing};
  const batch::Batch batch =
      batch_of(plan, folder, store, points, numbers, how, options.program, result.standing);
  if (options.on_standing) options.on_standing(result.standing);
  try {
    result.is_done = executor->run(batch, result.standing);
  } catch (const Interrupted&) {
    throw Interrupted("interrupted; " + standing_words(result.standing));
  } catch (const RunError& error) {
    throw RunError(fmt::format("{}; {}", error.what(), standing_words(result.standing)));
  }
  if (result.is_done) result.merged = folder.write_tables(plan, store);
  return result;
}

SweepResult work(const SweepFolder& folder, const fs::path& tasks, size_t line, size_t jobs) {
  const SweepRecord record = folder.read();
  const Plan plan = plan_again(record);
  std::set<size_t> wanted;
  read_lines(tasks.string(), [&](std::string_view text, int number) {
    std::istringstream words{number == static_cast<int>(line) + 1 ? std::string(text) : ""};
    for (size_t point = 0; words >> point;) wanted.insert(point);
  });
  std::vector<size_t> numbers;
  const std::vector<batch::Point> all = plan.work(record.command, numbers);
  std::vector<batch::Point> points;
  for (size_t i = 0; i < all.size(); ++i)
    if (wanted.count(numbers[i]) > 0) points.push_back(all[i]);
  const batch::ResultStore store(record.store);
  store.open();
  const batch::FailureBook failures = folder.failures();
  SweepResult result;
  result.is_done = true;
  const batch::RunPoints how{jobs, keep_of(plan), &failures, {}};
  batch::run_points(batch::missing(points, store, how.keep, result.standing), store, how, result.standing);
  return result;
}

}  // namespace agentsim::sweep
