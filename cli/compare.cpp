#include "analysis/study/compare.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace agentsim::cli {
namespace {

void compare(const Arguments& arguments) {
  const Scenario scenario = load_scenario(arguments.files.front(), arguments.overrides);
  const std::string out = arguments.out_or_default(scenario);
  const study::CompareOptions options{out, static_cast<size_t>(arguments.jobs), arguments.quiet,
                                      arguments.command, arguments.store};
  const study::Comparison comparison = study::compare(scenario, options);
  if (arguments.json)
    fmt::print("{}\n", study::to_json(comparison).dump(2));
  else if (!arguments.quiet)
    fmt::print("{}", study::report(comparison));
  fmt::print(stderr, "results in {}/\n", out);
}

}  // namespace

void add_compare(CLI::App& app, Arguments& arguments) {
  CLI::App* sub =
      app.add_subcommand("compare", "All platforms of a scenario, replicated and paired: table and verdict");
  add_scenario_options(*sub, arguments);
  sub->add_option("--replications", arguments.overrides.replications,
                  "runs of each platform, each with its own seed")
      ->type_name("N")
      ->check(CLI::Range(1, 10000))
      ->each([&arguments](const std::string&) { arguments.overrides.has_replications = true; });
  sub->add_option("--jobs", arguments.jobs, "runs at once (default: one a processor)")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  add_output_options(*sub, arguments);
  add_store_option(*sub, arguments, "folder where finished runs are kept (default: until all are done)");
  sub->footer(
      "Every replication runs the same sessions on every platform. A comparison that was ended goes on where "
      "it\n"
      "was: finished runs are kept in <out>.runs until all are done.\n"
      "Example: agentsim compare scenarios/pcie_vs_nvlink.yaml --replications 10 --set "
      "workload.arrival.concurrency=12");
  sub->callback([&arguments] { compare(arguments); });
}

}  // namespace agentsim::cli
