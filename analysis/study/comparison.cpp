#include "analysis/study/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/base/contract.hpp"
#include "sim/base/hash.hpp"
#include "sim/simulation.hpp"

namespace agentsim::study {
namespace {

using Json = nlohmann::ordered_json;

cost::HourlyCost mean_hourly(const std::vector<Run>& runs, size_t list) {
  using cost::HourlyCost;
  cost::HourlyCost mean;
  for (const auto part : {&HourlyCost::rent, &HourlyCost::gpu, &HourlyCost::host, &HourlyCost::network,
                          &HourlyCost::installation, &HourlyCost::capital, &HourlyCost::energy,
                          &HourlyCost::colocation, &HourlyCost::operations}) {
    // From the first value on: equal parts stay exactly equal.
    const double first = runs.front().hourly[list].*part;
    double sum = 0.0;
    for (const Run& run : runs) sum += run.hourly[list].*part - first;
    mean.*part = first + sum / static_cast<double>(runs.size());
  }
  return mean;
}

serving::TimeSplit mean_path(const std::vector<Run>& runs) {
  const auto part = [&](const char* path) { return mean_of(runs, path).value_or(0.0); };
  serving::TimeSplit path;
  path.network_s = part("/mean_critical_path/network_s");
  path.queue_s = part("/mean_critical_path/queue_s");
  path.prefill_s = part("/mean_critical_path/prefill_s");
  path.decode_s = part("/mean_critical_path/decode_s");
  path.recompute_s = part("/mean_critical_path/recompute_s");
  path.fabric_s = part("/mean_critical_path/fabric_s");
  path.tool_s = part("/mean_critical_path/tool_s");
  path.tool_queue_s = part("/mean_critical_path/tool_queue_s");
  path.human_s = part("/mean_critical_path/human_s");
  return path;
}

PlatformResult platform_result(const PlatformChoice& choice, const std::vector<Run>& runs,
                               const std::vector<Run>& baseline, const StudySpec& study) {
  PlatformResult result;
  result.label = choice.label;
  result.gpu = choice.cluster.gpu_words();
  result.gpus = choice.cluster.gpu_count();
  result.gpus_used = runs.front().summary.at("gpus_used").get<int>();
  result.replicas = runs.front().summary.at("replicas").get<int>();
  result.figures = figures_of(runs, baseline, study.prices, study.confidence);
  for (size_t list = 0; list < study.prices.size(); ++list) result.hourly.push_back(mean_hourly(runs, list));
  result.path = mean_path(runs);
  return result;
}

// "TTFT p95 3.1 s (2 s wanted)" for each limit of the SLO that the percentile usually asked for exceeds.
std::vector<std::string> limits_exceeded(const PlatformResult& platform, const metrics::SLO& slo) {
  std::vector<std::string> exceeded;
  const auto check = [&](const char* metric, const char* words, double limit_s) {
    const std::optional<double> mean = platform.figure(metric).estimate.mean;
    if (limit_s > 0.0 && mean && *mean > limit_s)
      exceeded.push_back(fmt::format("{} {} ({} wanted)", words, pretty_time(*mean), pretty_time(limit_s)));
  };
  check("ttft_s_p95", "TTFT p95", slo.ttft_s);
  check("tpot_s_p95", "TPOT p95", slo.tpot_s);
  check("session_active_s_p90", "active session p90", slo.active_s);
  return exceeded;
}

Contender contender(const PlatformResult& platform, const Comparison& comparison) {
  return {platform.label,
          platform.gpu,
          platform.gpus,
          platform.figure("slo_sessions_share").estimate,
          platform.figure("usd_per_h", comparison.study.prices.front().name).estimate.mean,
          platform.figure("busy_share").estimate.mean,
          platform.path,
          limits_exceeded(platform, comparison.slo)};
}

void add_verdicts(Comparison& comparison) {
  const std::string& prices = comparison.study.prices.front().name;
  const Terms terms{comparison.slo.sessions, comparison.study.tolerance, comparison.study.confidence, prices};
  const Contender baseline = contender(comparison.platforms[comparison.baseline], comparison);
  for (size_t p = 0; p < comparison.platforms.size(); ++p) {
    if (p == comparison.baseline) continue;
    const PlatformResult& platform = comparison.platforms[p];
    comparison.verdicts.push_back(judge(contender(platform, comparison), baseline,
                                        platform.figure("usd_per_slo_session", prices).to_baseline, terms));
  }
}

// Assumptions and warnings of the first replication (those of the others differ in numbers only), each once,
// then those of the comparison.
void add_notes(const std::vector<std::vector<Run>>& runs, Comparison& comparison) {
  std::vector<std::string>& notes = comparison.notes;
  for (const std::vector<Run>& replications : runs)
    for (const std::string& note : replications.front().notes)
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  const metrics::SLO& slo = comparison.slo;
  if (slo.ttft_s <= 0.0 && slo.tpot_s <= 0.0 && slo.active_s <= 0.0)
    notes.push_back("the scenario sets no SLO: every session meets it, and verdicts rest on cost alone");
  if (comparison.repeats > 0)
    notes.push_back(
        fmt::format("{} of {} replications repeat another one and do not count: this workload hardly depends "
                    "on the seed (draw the "
                    "arrivals or shuffle the trace)",
                    comparison.repeats, comparison.repeats + comparison.seeds.size()));
  if (comparison.seeds.size() == 1) notes.push_back("one replication has no intervals and decides nothing");
  for (const PlatformResult& platform : comparison.platforms) {
    if (platform.gpus_used < platform.gpus)
      notes.push_back(fmt::format("{} of the {} GPUs of {} run no replica, but are paid for",
                                  platform.gpus - platform.gpus_used, platform.gpus, platform.label));
    std::vector<std::string> undefined;
    for (const Figure& figure : platform.figures)
      if (!figure.estimate.mean && !figure.metric->is_cost()) undefined.push_back(figure.metric->name);
    if (!undefined.empty())
      notes.push_back(
          fmt::format("{} on {} undefined in some replication; a percentile wants ten values beyond it",
                      fmt::join(undefined, ", "), platform.label));
  }
}

// Whether two replications are the same run under two seeds.
bool repeats(const Run& a, const Run& b) {
  Json left = a.summary, right = b.summary;
  left.erase("seed");
  right.erase("seed");
  return a.plans_fingerprint == b.plans_fingerprint && left == right;
}

// The replications that are not another one once more on every platform. Where nothing depends on the seed,
// all are the first, and to count them as independent would make up a certainty that is not there.
std::vector<size_t> distinct_replications(const std::vector<std::vector<Run>>& runs) {
  std::vector<size_t> distinct;
  for (size_t r = 0; r < runs.front().size(); ++r) {
    const bool is_repeat = std::any_of(distinct.begin(), distinct.end(), [&](size_t earlier) {
      return std::all_of(runs.begin(), runs.end(),
                         [&](const auto& runs_of) { return repeats(runs_of[r], runs_of[earlier]); });
    });
    if (!is_repeat) distinct.push_back(r);
  }
  return distinct;
}

std::vector<std::vector<Run>> chosen(const std::vector<std::vector<Run>>& runs,
                                     const std::vector<size_t>& replications) {
  std::vector<std::vector<Run>> kept;
  for (const std::vector<Run>& runs_of : runs) {
    kept.emplace_back();
    for (const size_t r : replications) kept.back().push_back(runs_of[r]);
  }
  return kept;
}

void check_same_sessions(const std::vector<std::vector<Run>>& runs, const Scenario& scenario) {
  for (size_t p = 1; p < runs.size(); ++p)
    for (size_t r = 0; r < runs[p].size(); ++r)
      AGENTSIM_CONTRACT(runs[p][r].plans_fingerprint == runs[0][r].plans_fingerprint,
                        "replication {} ran other sessions on {} than on {}", r, scenario.platforms[p].label,
                        scenario.platforms[0].label);
}

}  // namespace

const Figure& PlatformResult::figure(const std::string& metric, const std::string& prices) const {
  const auto found = std::find_if(figures.begin(), figures.end(), [&](const Figure& figure) {
    return figure.metric->name == metric && figure.prices == prices;
  });
  AGENTSIM_CONTRACT(found != figures.end(), "no metric '{}' with prices '{}' is compared", metric, prices);
  return *found;
}

Comparison summarise(const Scenario& scenario, const StudySpec& study,
                     const std::vector<std::vector<Run>>& all) {
  AGENTSIM_CONTRACT(all.size() == scenario.platforms.size() && !all.empty() && !all.front().empty(),
                    "{} platforms were run of {}", all.size(), scenario.platforms.size());
  check_same_sessions(all, scenario);
  const std::vector<size_t> replications = distinct_replications(all);
  const std::vector<std::vector<Run>> runs = chosen(all, replications);
  Comparison comparison;
  comparison.file = scenario.file;
  comparison.name = scenario.name;
  comparison.title = scenario.title;
  comparison.study = study;
  comparison.slo = scenario.slo;
  for (const size_t r : replications)
    comparison.seeds.push_back(replication_seed(scenario.seed, static_cast<int64_t>(r)));
  comparison.repeats = all.front().size() - replications.size();
  for (size_t p = 0; p < runs.size(); ++p)
    if (scenario.platforms[p].label == study.baseline) comparison.baseline = p;
  for (size_t p = 0; p < runs.size(); ++p)
    comparison.platforms.push_back(
        platform_result(scenario.platforms[p], runs[p], runs[comparison.baseline], study));
  add_verdicts(comparison);
  add_notes(runs, comparison);
  Fnv1a hash;
  for (const std::vector<Run>& runs_of : all)
    for (const Run& run : runs_of) hash.add(run.fingerprint);
  hash.add(comparison_csv(comparison)).add(to_json(comparison).dump());
  comparison.fingerprint = fmt::format("{:016x}", hash.value());
  return comparison;
}

}  // namespace agentsim::study
