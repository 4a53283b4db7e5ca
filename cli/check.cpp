#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "sim/base/units.hpp"
#include "sim/simulation.hpp"

namespace agentsim::cli {
namespace {

// All that a run checks before it starts: files, words, units, memory, and that every call fits the cache.
void check_one(const std::string& file, const Overrides& overrides, bool quiet) {
  const Scenario scenario = load_scenario(file, overrides);
  const workload::Workload workload(scenario.workload, static_cast<uint64_t>(scenario.seed));
  resources_of(scenario, workload.names());
  for (const PlatformChoice& choice : scenario.platforms) {
    const Survey s = survey(workload, choice.deployment.llm.max_context);
    check_capacity(scenario, choice, s, workload.names());
    if (quiet) continue;
    const model::KVCapacity kv = model::kv_capacity(choice.deployment, choice.cluster.node().gpu);
    const auto count = [](auto n) { return pretty_count(static_cast<double>(n)); };
    fmt::print(
        "{}: ok on {}: {} sessions, {} calls, {} prompt tokens; weights {} a GPU, {} KV tokens a replica\n",
        file, choice.label, s.sessions, s.calls, count(s.prompt_tokens), pretty_bytes(kv.weight_bytes),
        count(kv.blocks * choice.deployment.engine.block_size));
  }
}

void check(const Arguments& arguments) {
  std::vector<Diagnostic> all;
  for (const std::string& file : arguments.files) {
    try {
      check_one(file, arguments.overrides, arguments.quiet);
    } catch (const ConfigError& error) {
      all.insert(all.end(), error.diagnostics().begin(), error.diagnostics().end());
    }
  }
  if (!all.empty()) throw ConfigError(all);
}

}  // namespace

void add_check(CLI::App& app, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand("check", "Checks scenarios without running them");
  sub->add_option("SCENARIO", arguments.files, "scenario files (YAML)")->required();
  sub->add_option("--set", arguments.overrides.settings, "change a value: path=value (repeatable)")
      ->type_name("PATH=VALUE")
      ->take_all()
      ->expected(1);
  sub->add_flag("--quiet", arguments.quiet, "print mistakes only");
  sub->callback([&arguments] { check(arguments); });
}

}  // namespace agentsim::cli
