#include "analysis/sweep/sweep.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <set>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "sim/base/units.hpp"

namespace agentsim::cli {
namespace {

namespace fs = std::filesystem;

// How far a sweep is: one line that is renewed on a terminal, else a line each tenth of the points and each
// minute.
class Ticker {
 public:
  explicit Ticker(bool quiet) : quiet_(quiet), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

  void operator()(const batch::Standing& s) {
    if (quiet_ || s.total == 0) return;
    const auto now = Clock::now();
    const size_t tenth = 10 * (s.total - s.left()) / s.total;
    if (is_terminal_ ? now - last_ < std::chrono::milliseconds(100) && s.left() > 0
                     : tenth == tenth_ && now - last_ < std::chrono::minutes(1))
      return;
    last_ = now;
    tenth_ = tenth;
    fmt::print(stderr, "{}{}{}", is_terminal_ ? "\r\033[K" : "", words(s, seconds(now - start_)),
               is_terminal_ && s.left() > 0 ? "" : "\n");
    std::fflush(stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

  static std::string words(const batch::Standing& s, double spent_s) {
    std::string text = fmt::format("{} of {} points done", s.found + s.done, s.total);
    if (s.failed > 0) text += fmt::format(", {} failed", s.failed);
    const double ended = static_cast<double>(s.done + s.failed);
    if (s.left() == 0) return text;
    text += fmt::format(", {} left", s.left());
    if (ended > 0.0)
      text += fmt::format(", {:.3g} points/s, ETA {}", ended / spent_s,
                          pretty_time(spent_s / ended * static_cast<double>(s.left())));
    return text;
  }

  bool quiet_, is_terminal_;
  Clock::time_point start_ = Clock::now(), last_{};
  size_t tenth_ = 11;
};

struct SweepArguments {
  std::string executor;
  std::string tasks;
  size_t task = 0;
  bool dry_run = false;
};

std::string counted(size_t count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

void print_plan(const sweep::Plan& plan, const batch::ResultStore& store, size_t jobs) {
  const sweep::SweepSpec& spec = plan.spec();
  std::string axes;
  for (const sweep::Axis& axis : spec.axes) axes += (axes.empty() ? "" : ", ") + axis.column();
  size_t infeasible = 0;
  for (const sweep::PlanPoint& point : plan.points()) infeasible += point.key.empty() ? 1 : 0;
  fmt::print("{}{}{}\n", spec.name, spec.title.empty() ? "" : ": ", spec.title);
  fmt::print("axes      {}\n", axes);
  fmt::print("settings  {}, {}\n", plan.design().rows.size(),
             spec.latin.points > 0 ? "a Latin hypercube" : "a grid");
  const sweep::Estimate estimate = sweep::estimate(plan, store);
  const batch::Standing& s = estimate.standing;
  fmt::print("points    {}: {} finished, {} to run{}{}{}\n", plan.points().size(), s.found, s.left(),
             s.total + infeasible < plan.points().size()
                 ? fmt::format(", {} the same as another", plan.points().size() - s.total - infeasible)
                 : "",
             infeasible > 0 ? fmt::format(", {} that cannot be run", infeasible) : "",
             s.damaged > 0 ? fmt::format(" ({} of them damaged)", s.damaged) : "");
  if (s.left() == 0) return;
  const std::string from = estimate.tried > 0
                               ? fmt::format("from a look at {}", counted(estimate.tried, "point"))
                               : std::string("from finished points");
  if (estimate.seconds_a_point > 0.0)
    fmt::print(
        "time      about {} with {} at once, {} a point ({})\n",
        pretty_time(estimate.seconds_a_point * static_cast<double>(s.left()) / static_cast<double>(jobs)),
        jobs, pretty_time(estimate.seconds_a_point), from);
  else
    fmt::print("time      unknown: no session ended in a short look at {}\n",
               counted(estimate.tried, "point"));
}

void print_merged(const sweep::SweepFolder& folder, const sweep::Merged& merged, bool quiet) {
  if (!quiet)
    fmt::print("{} in {}\n", counted(merged.finished, "finished point"),
               (folder.path() / "sweep.csv").string());
  if (merged.failed > 0)
    fmt::print(stderr, "{} in {}\n", counted(merged.failed, "failed point"),
               (folder.path() / "failures.csv").string());
  if (merged.missing > 0)
    fmt::print(stderr, "{} missing: the sweep is not finished\n", counted(merged.missing, "point"));
}

void sweep_file(const Arguments& arguments, const SweepArguments& more) {
  const sweep::SweepOverrides overrides{arguments.overrides.settings, more.executor};
  const sweep::Plan plan(sweep::load_sweep(arguments.files.front(), overrides));
  sweep::check_columns(plan.spec());
  sweep::SweepOptions options;
  options.program = fs::read_symlink("/proc/self/exe").string();
  options.out = arguments.out.empty() ? "results/" + plan.spec().name : arguments.out;
  options.store = arguments.store;
  options.overrides = overrides;
  options.jobs = static_cast<size_t>(arguments.jobs);
  options.command = arguments.command;
  options.on_standing = Ticker(arguments.quiet);
  if (more.dry_run) {
    print_plan(plan, sweep::store_of(plan, options), options.jobs > 0 ? options.jobs : batch::processors());
    return;
  }
  const sweep::SweepResult result = sweep::run(plan, options);
  const sweep::SweepFolder folder(options.out);
  if (!result.is_done) {
    if (!arguments.quiet)
      fmt::print("{} handed over; see: agentsim sweep status {}\n", counted(result.standing.left(), "point"),
                 options.out.string());
    return;
  }
  print_merged(folder, result.merged, arguments.quiet);
  if (result.standing.failed > 0)
    throw RunError(fmt::format("{} of {} points failed", result.standing.failed, result.standing.total));
}

void status(const Arguments& arguments) {
  const sweep::SweepFolder folder(arguments.files.front());
  const sweep::SweepRecord record = folder.read();
  const sweep::Plan plan = sweep::plan_again(record);
  std::vector<size_t> numbers;
  batch::Standing s;
  batch::missing(plan.work("", numbers), batch::ResultStore(record.store), batch::ResultStore::Keep::summary,
                 s);
  const batch::FailureBook failures = folder.failures();
  std::set<std::string> failed;
  for (const sweep::PlanPoint& point : plan.points())
    if (!point.key.empty() && failures.find(point.key)) failed.insert(point.key);
  s.failed = failed.size();
  fmt::print("{}: {} of {} points done, {} failed, {} left\n", plan.spec().name, s.found, s.total, s.failed,
             s.left());
  if (s.damaged > 0) fmt::print("{} damaged, to be run again\n", counted(s.damaged, "finished point"));
  const std::vector<std::string> lines =
      batch::Executors::make(record.overrides.executor)->at_work(folder.path());
  for (const std::string& line : lines) fmt::print("{}\n", line);
  if (lines.empty() && s.left() > 0) fmt::print("nothing is at work; go on with: {}\n", record.command);
}

void cancel(const Arguments& arguments) {
  const sweep::SweepFolder folder(arguments.files.front());
  const bool had_work = batch::Executors::make(folder.read().overrides.executor)->cancel(folder.path());
  fmt::print("{}\n", had_work ? "cancelled; finished points are kept" : "nothing is at work");
}

void merge(const Arguments& arguments) {
  const sweep::SweepFolder folder(arguments.files.front());
  const sweep::SweepRecord record = folder.read();
  const sweep::Plan plan = sweep::plan_again(record);
  print_merged(folder, folder.write_tables(plan, batch::ResultStore(record.store)), arguments.quiet);
}

void work(const Arguments& arguments, const SweepArguments& more) {
  const sweep::SweepResult result = sweep::work(sweep::SweepFolder(arguments.files.front()), more.tasks,
                                                more.task, static_cast<size_t>(arguments.jobs));
  if (result.standing.failed > 0)
    throw RunError(fmt::format("{} of {} points failed", result.standing.failed, result.standing.total));
}

CLI::App* add_part(CLI::App& sweep, const char* name, const char* help, Arguments& arguments) {
  CLI::App* sub = sweep.add_subcommand(name, help);
  sub->add_option("DIR", arguments.files, "folder of a sweep's results")->required()->expected(1);
  return sub;
}

void add_jobs(CLI::App& app, Arguments& arguments) {
  app.add_option("--jobs", arguments.jobs, "points at once (default: one a processor)")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
}

}  // namespace

void add_sweep(CLI::App& app, Arguments& arguments) {
  const auto more = std::make_shared<SweepArguments>();
  CLI::App* sub = app.add_subcommand(
      "sweep", "Many points of a scenario, on this machine or a Slurm cluster, as one CSV");
  CLI::Option* file =
      sub->add_option("SWEEP", arguments.files, "sweep file (YAML, docs/sweeps.md)")->expected(1);
  sub->add_option("--set", arguments.overrides.settings,
                  "change a value of the scenario: path=value (repeatable)")
      ->type_name("PATH=VALUE")
      ->take_all()
      ->expected(1);
  sub->add_option("--executor", more->executor, "where points are run: local, slurm")->type_name("NAME");
  add_jobs(*sub, arguments);
  sub->add_option("--out", arguments.out, "folder of the results (default: results/<sweep>)")
      ->type_name("DIR");
  add_store_option(*sub, arguments,
                   "folder of finished points, shared by sweeps (default: points beside the results)");
  sub->add_flag("--dry-run", more->dry_run, "say how many points there are and how long they take");
  sub->add_flag("--quiet", arguments.quiet, "no progress");
  CLI::App* merge_sub =
      add_part(*sub, "merge", "Writes sweep.csv and failures.csv of what is finished", arguments);
  merge_sub->add_flag("--quiet", arguments.quiet, "print what is missing only");
  CLI::App* status_sub = add_part(*sub, "status", "How far a sweep is and what is at work on it", arguments);
  CLI::App* cancel_sub = add_part(*sub, "cancel", "Ends a sweep; finished points are kept", arguments);
  CLI::App* work_sub = add_part(*sub, "work", "Runs one task of a sweep; for executors", arguments);
  work_sub->add_option("--tasks", more->tasks, "file with the numbers of a task's points in each line")
      ->required();
  work_sub->add_option("--task", more->task, "line of it, from 0")->required();
  add_jobs(*work_sub, arguments);
  work_sub->group("");  // not for people
  sub->footer(
      "The same command again goes on where the last one was ended; finished points are never run twice.\n"
      "Example: agentsim sweep scenarios/sweeps/chat_load.yaml --dry-run");
  merge_sub->callback([&arguments] { merge(arguments); });
  status_sub->callback([&arguments] { status(arguments); });
  cancel_sub->callback([&arguments] { cancel(arguments); });
  work_sub->callback([&arguments, more] { work(arguments, *more); });
  sub->callback([&arguments, more, sub, file] {
    if (!sub->get_subcommands().empty()) return;
    if (file->count() == 0) throw CLI::RequiredError("SWEEP");
    sweep_file(arguments, *more);
  });
}

}  // namespace agentsim::cli
