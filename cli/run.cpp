#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "sim/base/units.hpp"
#include "sim/run_folder.hpp"

namespace agentsim::cli {
namespace {

std::string times(const metrics::DistributionSummary& s) {
  const auto text = [](const std::optional<double>& v) { return v ? pretty_time(*v) : std::string("-"); };
  return fmt::format("mean {}, p50 {}, p90 {}, p95 {}, p99 {}", text(s.mean), text(s.p50), text(s.p90),
                     text(s.p95), text(s.p99));
}

std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f} %", 100.0 * *share) : "-";
}

std::string per_hour(const std::optional<double>& rate) {
  return rate ? fmt::format("{:.4g}/h", 3600.0 * *rate) : "-";
}

void print_summary(const PlatformChoice& choice, const RunResult& result) {
  const metrics::RunSummary& s = result.summary;
  const RunFacts& f = result.facts;
  fmt::print("{}: {} GPUs, {} replicas, {} KV tokens a replica\n", choice.label, f.gpus, f.replicas,
             pretty_count(static_cast<double>(f.kv.blocks * choice.deployment.engine.block_size)));
  fmt::print("  simulated        {} with {} events and {} flows\n", pretty_time(f.end_s), f.events, f.flows);
  fmt::print("  counted          {} sessions, {} calls\n", s.sessions, s.calls);
  fmt::print("  TTFT             {}\n", times(s.ttft_s));
  fmt::print("  TPOT             {}\n", times(s.tpot_s));
  fmt::print("  session latency  {}\n", times(s.latency_s));
  fmt::print("  without humans   {}\n", times(s.active_s));
  fmt::print("  SLO              {} of calls, {} of sessions: {}\n", percent(s.slo_calls),
             percent(s.slo_sessions), s.meets_slo ? "met" : "missed");
  fmt::print("  throughput       {} sessions, {} within the SLO\n", per_hour(s.sessions_per_s),
             per_hour(s.goodput_per_s));
  fmt::print("  prefix hits      {} of prompt tokens; {} preemptions\n", percent(s.hit_share), s.preemptions);
  fmt::print("  replicas         busy {}, of it fabric {}; MFU {}, MBU {}; KV used {}, cached {}\n",
             percent(s.busy_share), percent(s.fabric_share), percent(s.mfu), percent(s.mbu),
             percent(s.kv_used_share), percent(s.kv_cached_share));
  for (const std::string& note : f.notes) fmt::print("  note: {}\n", note);
}

void run(const Arguments& arguments) {
  const Scenario scenario = load_scenario(arguments.files.front(), arguments.overrides);
  const PlatformChoice& choice = scenario.platforms.front();
  ResultFolder folder(arguments.out_or_default(scenario));
  catch_interrupts();
  const auto seed = static_cast<uint64_t>(scenario.seed);
  const RunResult result =
      run_into(scenario, choice, seed, arguments.command, folder, "", make_progress(arguments.quiet));
  folder.commit();
  clear_progress();
  if (arguments.json)
    fmt::print("{}\n", result.json.dump(2));
  else if (!arguments.quiet)
    print_summary(choice, result);
  fmt::print(stderr, "results in {}/\n", folder.target().string());
  if (!arguments.json) fmt::print("fingerprint {}\n", result.fingerprint);
}

}  // namespace

void add_run(CLI::App& app, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand("run", "One platform, one seed: a results folder and a summary");
  add_scenario_options(*sub, arguments);
  add_output_options(*sub, arguments);
  sub->footer(
      "The first platform of the scenario is taken unless --platform names another.\n"
      "Example: agentsim run scenarios/pcie_vs_nvlink.yaml --platform hgx_h100_x1 --seed 7");
  sub->callback([&arguments] { run(arguments); });
}

}  // namespace agentsim::cli
