#include "analysis/sweep/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/study/figures.hpp"
#include "sim/metrics/table.hpp"

namespace agentsim::sweep {
namespace {

using Json = nlohmann::ordered_json;
using metrics::number_cell;
using metrics::text_cell;

using Columns = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kFacts[] = {"gpus", "replicas", "sessions", "calls", "preemptions", "end_s"};

Columns head_columns() {
  return {{"point", "number in the plan, from 0"},
          {"platform", "label of the platform"},
          {"replication", "from 0; points with the same one have the same seed"},
          {"seed", "of all random streams"}};
}

std::string header(const SweepSpec& spec, const Columns& columns) {
  std::string text = columns.front().first;
  for (const Axis& axis : spec.axes) text += "," + axis.column();
  for (size_t c = 1; c < columns.size(); ++c) text += "," + columns[c].first;
  return text + "\n";
}

// The point, its axes, platform, replication and seed.
std::string head_cells(const Plan& plan, size_t number) {
  const PlanPoint& point = plan.points()[number];
  std::string text = fmt::format("{}", number);
  for (size_t a = 0; a < plan.spec().axes.size(); ++a) {
    const Level& level = plan.design().level(point.row, a);
    text += "," + (level.number ? number_cell(*level.number) : text_cell(level.label));
  }
  return text + fmt::format(",{},{},{}", point.platform != nullptr ? text_cell(point.platform->label) : "",
                            point.replication, point.seed);
}

// One row, or one a price list.
std::string rows_of(const Plan& plan, size_t number, const batch::ResultStore& store) {
  const PlanPoint& point = plan.points()[number];
  const study::Run run = study::read_run(store.folder(point.key), *point.platform, *point.prices);
  std::string shared = head_cells(plan, number);
  for (const char* fact : kFacts) {
    const Json& value = run.summary.at(fact);
    shared += "," + (value.is_number_float() ? metrics::seconds_cell(value.get<double>()) : value.dump());
  }
  for (const study::Metric& metric : study::metrics_compared())
    if (!metric.is_cost()) shared += "," + number_cell(study::value_of(run, metric, 0));
  std::string text;
  for (size_t list = 0; list < std::max<size_t>(1, point.prices->size()); ++list) {
    const bool is_priced = list < point.prices->size();
    text += shared + "," + (is_priced ? text_cell((*point.prices)[list].name) : "");
    for (const study::Metric& metric : study::metrics_compared())
      if (metric.is_cost()) text += "," + (is_priced ? number_cell(study::value_of(run, metric, list)) : "");
    text += "," + point.key + "\n";
  }
  return text;
}

std::string failure_row(const Plan& plan, size_t number, const char* kind, int attempts,
                        const std::string& message, const std::string& log) {
  return head_cells(plan, number) +
         fmt::format(",{},{},{},{}\n", kind, attempts, text_cell(message), text_cell(log));
}

}  // namespace

Columns result_columns() {
  Columns all = head_columns();
  all.insert(all.end(), {{"gpus", "of the platform, paid for"},
                         {"replicas", "model copies"},
                         {"sessions", "that count"},
                         {"calls", "of those"},
                         {"preemptions", "of all calls"},
                         {"end_s", "end of the last session"}});
  for (const study::Metric& metric : study::metrics_compared())
    if (!metric.is_cost()) all.emplace_back(metric.name, metric.meaning);
  all.emplace_back("prices", "price list of the costs; empty without one");
  for (const study::Metric& metric : study::metrics_compared())
    if (metric.is_cost()) all.emplace_back(metric.name, metric.meaning);
  all.emplace_back("key", "of the run in the results store");
  return all;
}

Columns failure_columns() {
  Columns all = head_columns();
  all.insert(all.end(),
             {{"kind", "config_error, contract_violation, run_error, killed, or infeasible: never run"},
              {"attempts", "runs that were tried"},
              {"message", "its last words"},
              {"log", "file with what the run printed; empty if never run"}});
  return all;
}

void check_columns(const SweepSpec& spec) {
  Diagnostics diagnostics;
  std::vector<std::string> taken;
  for (const Columns& columns : {result_columns(), failure_columns()})
    for (const auto& [name, meaning] : columns) taken.push_back(name);
  for (const Axis& axis : spec.axes) {
    const std::string column = axis.column();
    if (std::find(taken.begin(), taken.end(), column) != taken.end())
      diagnostics.add(axis.path().mistake(fmt::format(
          "the axis '{}' would be the column '{}', which results have already: give it another name",
          axis.name(), column)));
    taken.push_back(column);
  }
  diagnostics.throw_if_any();
}

Merged merge(const Plan& plan, const batch::ResultStore& store, const batch::FailureBook& failures) {
  Merged merged;
  merged.results = header(plan.spec(), result_columns());
  merged.failures = header(plan.spec(), failure_columns());
  for (size_t i = 0; i < plan.points().size(); ++i) {
    const PlanPoint& point = plan.points()[i];
    if (point.key.empty()) {
      merged.failures += failure_row(plan, i, "infeasible", 0, point.problem, "");
      ++merged.failed;
    } else if (store.state(point.key, batch::ResultStore::Keep::summary) ==
               batch::ResultStore::State::whole) {
      merged.results += rows_of(plan, i, store);
      ++merged.finished;
    } else if (const std::optional<batch::Failure> failure = failures.find(point.key)) {
      merged.failures += failure_row(plan, i, name(failure->ending.kind), failure->attempts,
                                     failure->ending.words, failures.log(point.key).string());
      ++merged.failed;
    } else {
      ++merged.missing;
    }
  }
  return merged;
}

}  // namespace agentsim::sweep
