#include "sim/run_folder.hpp"

#include <fmt/format.h>

#include <numeric>

#include "sim/base/hash.hpp"
#include "sim/metrics/run_tables.hpp"
#include "sim/network/engine_version.hpp"
#include "sim/placement.hpp"

#ifndef AGENTSIM_VERSION
#define AGENTSIM_VERSION "unknown"
#endif

namespace agentsim {
namespace {

using Json = nlohmann::ordered_json;

std::vector<metrics::LinkRow> link_rows(const RunFacts& facts) {
  std::vector<metrics::LinkRow> rows;
  for (const LinkUse& link : facts.links) {
    for (size_t c = 0; c < network::kTrafficClasses; ++c) {
      if (link.bytes[c] <= 0.0) continue;
      const double share = facts.end_s > 0.0 ? link.bytes[c] / (link.bytes_per_s * facts.end_s) : 0.0;
      rows.push_back({link.name, network::name(static_cast<network::TrafficClass>(c)), link.bytes_per_s,
                      link.bytes[c], share});
    }
  }
  return rows;
}

Json facts_json(const RunFacts& facts) {
  const model::KVCapacity& kv = facts.kv;
  return {{"end_s", facts.end_s},
          {"replicas", facts.replicas},
          {"gpus", facts.gpus},
          {"gpus_used", facts.gpus_used},
          {"kv_blocks_per_replica", kv.blocks},
          {"kv_bytes_per_token_and_gpu", kv.kv_bytes_per_token},
          {"weight_bytes_per_gpu", kv.weight_bytes},
          {"activation_bytes_per_gpu", kv.activation_bytes},
          {"reserve_bytes_per_gpu", kv.reserve_bytes},
          {"window_bytes_per_gpu", kv.window_bytes},
          {"planned_sessions", facts.survey.sessions},
          {"planned_agents", facts.survey.agents},
          {"planned_calls", facts.survey.calls},
          {"planned_prompt_tokens", facts.survey.prompt_tokens},
          {"planned_output_tokens", facts.survey.output_tokens}};
}

metrics::PlatformFacts platform_facts(const PlatformChoice& choice, const RunFacts& facts) {
  // Means over the replicas: sums over all of them come out right.
  metrics::PlatformFacts mean;
  for (const Placement& place : placements(choice)) {
    std::vector<int> replicas(static_cast<size_t>(choice.cluster.groups()), 0);
    for (int r = 0; r < place.replicas; ++r)
      ++replicas[static_cast<size_t>(choice.cluster.group_of(place.gpu(r)))];
    for (int group = 0; group < choice.cluster.groups(); ++group) {
      const platform::Accelerator& gpu = choice.cluster.node(group).gpu;
      const double gpus = static_cast<double>(replicas[static_cast<size_t>(group)]) / facts.replicas *
                          static_cast<double>(place.size());
      mean.peak_flops += gpu.peak_flops(model::product(place.deployment->precision, gpu).compute) * gpus;
      mean.memory_bytes_per_s += gpu.memory_bytes_per_s * gpus;
    }
  }
  mean.kv_blocks =
      std::accumulate(facts.kv_blocks.begin(), facts.kv_blocks.end(), int64_t{0}) / facts.replicas;
  return mean;
}

}  // namespace

std::string version() {
  return fmt::format("agentsim {} (SimGrid {})", AGENTSIM_VERSION, network::engine_version());
}

std::string results_version() {
  return "7";
}

RunResult run_into(const Scenario& scenario, const PlatformChoice& choice, uint64_t seed,
                   const std::string& command, const ResultFolder& folder, const std::string& prefix,
                   const Progress& progress) {
  metrics::Recorder recorder;
  RunResult result;
  result.facts = simulate(scenario, choice, seed, recorder, progress);
  recorder.sort();
  result.summary = metrics::summarise(recorder, scenario.slo, scenario.reporting.warm_up,
                                      platform_facts(choice, result.facts));
  result.json = Json{{"platform", choice.label}, {"seed", seed}};
  result.json.update(facts_json(result.facts));
  result.json.update(metrics::to_json(result.summary));
  const std::string summary = result.json.dump(2) + "\n";
  const std::string sessions = metrics::sessions_csv(recorder, scenario.slo);
  const std::string calls = metrics::calls_csv(recorder, scenario.slo);
  result.fingerprint = fmt::format("{:016x}", Fnv1a().add(summary).add(sessions).add(calls).value());
  Json manifest{{"command", command},
                {"version", version()},
                {"scenario", scenario.file},
                {"seed", seed},
                {"plans_fingerprint", fmt::format("{:016x}", result.facts.survey.fingerprint)},
                {"fingerprint", result.fingerprint},
                {"notes", result.facts.notes},
                {"resolved", dump_scenario(scenario, choice)}};
  folder.write(prefix + "summary.json", summary);
  folder.write(prefix + "sessions.csv", sessions);
  folder.write(prefix + "calls.csv", calls);
  folder.write(prefix + "replicas.csv", metrics::replicas_csv(recorder, result.facts.kv_blocks));
  folder.write(prefix + "links.csv", metrics::links_csv(link_rows(result.facts)));
  folder.write(prefix + "manifest.json", manifest.dump(2) + "\n");
  return result;
}

}  // namespace agentsim
