#include <nlohmann/json.hpp>

#include "analysis/study/comparison.hpp"

namespace agentsim::study {
namespace {

using Json = nlohmann::ordered_json;
using metrics::number_cell;
using metrics::text_cell;

struct Row {
  const PlatformResult& platform;
  const Figure& figure;
};

std::string low(const std::optional<statistics::Interval>& interval) {
  return interval ? number_cell(interval->low) : "";
}
std::string high(const std::optional<statistics::Interval>& interval) {
  return interval ? number_cell(interval->high) : "";
}

const std::vector<metrics::Column<Row>>& columns() {
  static const std::vector<metrics::Column<Row>> all{
      {"platform", "label of the platform", [](const Row& r) { return text_cell(r.platform.label); }},
      {"prices", "price list of a cost; empty for other metrics",
       [](const Row& r) { return text_cell(r.figure.prices); }},
      {"metric", "what is measured, with its unit",
       [](const Row& r) { return std::string(r.figure.metric->name); }},
      {"mean", "mean over the replications",
       [](const Row& r) { return number_cell(r.figure.estimate.mean); }},
      {"low", "lower end of its Student-t interval",
       [](const Row& r) { return low(r.figure.estimate.interval); }},
      {"high", "upper end of it", [](const Row& r) { return high(r.figure.estimate.interval); }},
      {"n", "replications in which it is defined",
       [](const Row& r) { return metrics::count_cell(r.figure.estimate.n); }},
      {"ratio", "geometric mean of platform / baseline over the paired replications",
       [](const Row& r) { return number_cell(r.figure.to_baseline.value); }},
      {"ratio_low", "lower end of the ratio's interval",
       [](const Row& r) { return low(r.figure.to_baseline.interval); }},
      {"ratio_high", "upper end of it", [](const Row& r) { return high(r.figure.to_baseline.interval); }}};
  return all;
}

Json value(const std::optional<double>& v) {
  return v ? Json(*v) : Json();
}

Json ends(const std::optional<statistics::Interval>& interval) {
  return interval ? Json::array({interval->low, interval->high}) : Json();
}

Json figures_json(const PlatformResult& platform) {
  Json all = Json::array();
  for (const Figure& figure : platform.figures) {
    Json json{{"metric", figure.metric->name}};
    if (figure.metric->is_cost()) json["prices"] = figure.prices;
    json["mean"] = value(figure.estimate.mean);
    json["interval"] = ends(figure.estimate.interval);
    json["n"] = figure.estimate.n;
    json["ratio"] = value(figure.to_baseline.value);
    json["ratio_interval"] = ends(figure.to_baseline.interval);
    all.push_back(std::move(json));
  }
  return all;
}

Json platform_json(const PlatformResult& platform, const StudySpec& study) {
  Json cost = Json::object();
  for (size_t list = 0; list < study.prices.size(); ++list)
    cost[study.prices[list].name] = cost::to_json(platform.hourly[list]);
  const serving::TimeSplit& p = platform.path;
  return {{"label", platform.label},
          {"gpu", platform.gpu},
          {"gpus", platform.gpus},
          {"gpus_used", platform.gpus_used},
          {"replicas", platform.replicas},
          {"cost", cost},
          {"mean_critical_path",
           {{"network_s", p.network_s},
            {"queue_s", p.queue_s},
            {"prefill_s", p.prefill_s},
            {"decode_s", p.decode_s},
            {"recompute_s", p.recompute_s},
            {"fabric_s", p.fabric_s},
            {"tool_s", p.tool_s},
            {"tool_queue_s", p.tool_queue_s},
            {"human_s", p.human_s}}},
          {"figures", figures_json(platform)}};
}

Json verdict_json(const Verdict& verdict) {
  return {{"candidate", verdict.candidate},
          {"baseline", verdict.baseline},
          {"outcome", name(verdict.outcome)},
          {"cost_ratio", value(verdict.cost_ratio.value)},
          {"cost_ratio_interval", ends(verdict.cost_ratio.interval)},
          {"binding", verdict.binding.empty() ? Json() : Json(verdict.binding)},
          {"more_replications", verdict.more_replications ? Json(*verdict.more_replications) : Json()},
          {"text", verdict.text},
          {"compared", verdict.compared}};
}

}  // namespace

std::string comparison_csv(const Comparison& comparison) {
  std::vector<Row> rows;
  for (const PlatformResult& platform : comparison.platforms)
    for (const Figure& figure : platform.figures) rows.push_back({platform, figure});
  return metrics::csv(columns(), rows);
}

std::vector<metrics::ColumnDoc> comparison_columns() {
  std::vector<metrics::ColumnDoc> docs;
  metrics::document("compare.csv", columns(), docs);
  for (const Metric& metric : metrics_compared())
    docs.push_back({"compare.csv, metric", metric.name, metric.meaning});
  return docs;
}

Json to_json(const Comparison& comparison) {
  Json prices = Json::array(), platforms = Json::array(), verdicts = Json::array();
  for (const cost::PriceList& list : comparison.study.prices) prices.push_back(list.name);
  for (const PlatformResult& platform : comparison.platforms)
    platforms.push_back(platform_json(platform, comparison.study));
  for (const Verdict& verdict : comparison.verdicts) verdicts.push_back(verdict_json(verdict));
  return {{"scenario", comparison.name},
          {"baseline", comparison.study.baseline},
          {"tolerance", comparison.study.tolerance},
          {"confidence", comparison.study.confidence},
          {"prices", prices},
          {"slo", config::dump(comparison.slo)},
          {"seeds", comparison.seeds},
          {"platforms", platforms},
          {"verdicts", verdicts},
          {"notes", comparison.notes},
          {"fingerprint", comparison.fingerprint}};
}

}  // namespace agentsim::study
