#include "analysis/study/figures.hpp"

#include "analysis/cost/power.hpp"
#include "sim/base/contract.hpp"
#include "sim/base/text_file.hpp"

namespace agentsim::study {
namespace {

using Json = nlohmann::ordered_json;
using cost::SessionCost;

std::optional<double> number(const Json& summary, const char* path) {
  const Json::json_pointer pointer(path);
  AGENTSIM_CONTRACT(summary.contains(pointer), "summary.json lacks {}", path);
  const Json& value = summary.at(pointer);
  if (value.is_null()) return {};
  return value.get<double>();
}

statistics::OptionalValues values_of(const std::vector<Run>& runs, const Metric& metric, size_t prices) {
  statistics::OptionalValues values;
  for (const Run& run : runs) values.push_back(value_of(run, metric, prices));
  return values;
}

}  // namespace

std::optional<double> value_of(const Run& run, const Metric& metric, size_t prices) {
  if (metric.is_cost()) return run.costs[prices].*metric.cost;
  std::optional<double> value = number(run.summary, metric.path);
  if (value) *value *= metric.factor;
  return value;
}

const std::vector<Metric>& metrics_compared() {
  static const std::vector<Metric> all{
      {"ttft_s_p50", "TTFT p50, s", 1.0, "/ttft_s/p50", 1.0, nullptr,
       "median of the calls' times to first token"},
      {"ttft_s_p95", "TTFT p95, s", 1.0, "/ttft_s/p95", 1.0, nullptr, "95th percentile of the same"},
      {"tpot_s_p50", "TPOT p50, ms", 1e3, "/tpot_s/p50", 1.0, nullptr,
       "median of the calls' times per output token"},
      {"tpot_s_p95", "TPOT p95, ms", 1e3, "/tpot_s/p95", 1.0, nullptr, "95th percentile of the same"},
      {"session_active_s_mean", "active session, mean, s", 1.0, "/session_active_s/mean", 1.0, nullptr,
       "mean session latency without human think time"},
      {"session_active_s_p90", "active session, p90, s", 1.0, "/session_active_s/p90", 1.0, nullptr,
       "90th percentile of the same"},
      {"slo_sessions_share", "sessions meeting SLO, %", 100.0, "/slo_sessions_share", 1.0, nullptr,
       "share of the sessions that meet the SLO"},
      {"sessions_per_h", "sessions/h", 1.0, "/sessions_per_s", 3600.0, nullptr,
       "sessions that ended in the window, per hour"},
      {"goodput_per_h", "goodput, sessions/h", 1.0, "/goodput_per_s", 3600.0, nullptr,
       "those of them that met the SLO, per hour"},
      {"hit_share", "prefix cache hits, %", 100.0, "/hit_share", 1.0, nullptr,
       "share of prompt tokens found in the prefix cache"},
      {"busy_share", "replicas busy, %", 100.0, "/busy_share", 1.0, nullptr,
       "share of the time that replicas spend in steps"},
      {"fabric_share", "exposed collectives, %", 100.0, "/fabric_share", 1.0, nullptr,
       "share of the busy time in exposed collectives"},
      {"mfu", "MFU, %", 100.0, "/mfu", 1.0, nullptr, "FLOP done / FLOP at peak, over the window"},
      {"mbu", "MBU, %", 100.0, "/mbu", 1.0, nullptr,
       "bytes read / bytes at nominal bandwidth, over the window"},
      {"gpu_power_w", "GPU power (estimate), kW", 1e-3, "/gpu_power_w", 1.0, nullptr,
       "mean power of all GPUs, estimated from how busy they are"},
      {"usd_per_h", "USD/h", 1.0, nullptr, 1.0, &SessionCost::usd_per_h, "cost of the whole cluster"},
      {"usd_per_session", "USD/session", 1.0, nullptr, 1.0, &SessionCost::usd_per_session,
       "USD/h / (sessions/h)"},
      {"usd_per_slo_session", "USD/session meeting SLO", 1.0, nullptr, 1.0, &SessionCost::usd_per_slo_session,
       "USD/h / (goodput/h)"},
      {"usd_per_mtok_output", "USD/M output tokens", 1.0, nullptr, 1.0, &SessionCost::usd_per_mtok_output,
       "USD/h / (million output tokens/h)"},
      {"usd_per_mtok_total", "USD/M tokens, in and out", 1.0, nullptr, 1.0, &SessionCost::usd_per_mtok_total,
       "USD/h / (million prompt and output tokens/h)"}};
  return all;
}

Run read_run(Json summary, const Json& manifest, const PlatformChoice& choice,
             const std::vector<cost::PriceList>& prices) {
  Run run;
  run.summary = std::move(summary);
  run.fingerprint = manifest.at("fingerprint").get<std::string>();
  run.plans_fingerprint = manifest.at("plans_fingerprint").get<std::string>();
  run.notes = manifest.at("notes").get<std::vector<std::string>>();
  const cost::ClusterUse use{run.summary.at("gpus_used").get<int>(),
                             number(run.summary, "/busy_share").value_or(0.0),
                             number(run.summary, "/fabric_share").value_or(0.0)};
  run.summary["gpu_power_w"] = cost::gpu_power_w(choice.cluster, use);
  const cost::Throughput throughput{
      number(run.summary, "/sessions_per_s"), number(run.summary, "/goodput_per_s"),
      number(run.summary, "/prompt_tokens_per_s"), number(run.summary, "/output_tokens_per_s")};
  for (const cost::PriceList& list : prices) {
    const double power_w =
        cost::mean_power_w(choice.cluster, use, cost::node_overhead_w(list, choice.cluster));
    run.hourly.push_back(cost::hourly_cost(list, choice.cluster, power_w));
    run.costs.push_back(cost::session_cost(run.hourly.back().total(), throughput));
  }
  return run;
}

Run read_run(const std::filesystem::path& folder, const PlatformChoice& choice,
             const std::vector<cost::PriceList>& prices) {
  const auto load = [&](const char* name) { return Json::parse(read_text((folder / name).string())); };
  return read_run(load("summary.json"), load("manifest.json"), choice, prices);
}

std::vector<Figure> figures_of(const std::vector<Run>& runs, const std::vector<Run>& baseline,
                               const std::vector<cost::PriceList>& prices, double confidence) {
  std::vector<Figure> figures;
  const auto add = [&](const Metric& metric, size_t list) {
    const statistics::OptionalValues values = values_of(runs, metric, list);
    figures.push_back({&metric, metric.is_cost() ? prices[list].name : "",
                       statistics::estimate(values, confidence),
                       statistics::paired_ratio(values, values_of(baseline, metric, list), confidence)});
  };
  for (const Metric& metric : metrics_compared())
    if (!metric.is_cost()) add(metric, 0);
  for (size_t list = 0; list < prices.size(); ++list)
    for (const Metric& metric : metrics_compared())
      if (metric.is_cost()) add(metric, list);
  return figures;
}

std::optional<double> mean_of(const std::vector<Run>& runs, const char* path) {
  double sum = 0.0;
  for (const Run& run : runs) {
    const std::optional<double> value = number(run.summary, path);
    if (!value) return {};
    sum += *value;
  }
  if (runs.empty()) return {};
  return sum / static_cast<double>(runs.size());
}

}  // namespace agentsim::study
