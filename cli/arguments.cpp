#include "cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace agentsim::cli {

std::string Arguments::out_or_default(const Scenario& scenario) const {
  return out.empty() ? "results/" + scenario.name : out;
}

void add_scenario_options(CLI::App& app, Arguments& a) {
  app.add_option("SCENARIO", a.files, "scenario file (YAML)")->required()->expected(1);
  add_override_options(app, a);
}

void add_setting_options(CLI::App& app, Arguments& a) {
  app.add_option("--set", a.overrides.settings,
                 "change a value: path=value, such as deployment.tp=4 (repeatable)")
      ->type_name("PATH=VALUE")
      ->take_all()
      ->expected(1);
  app.add_option("--seed", a.overrides.seed, "seed of all random streams")
      ->type_name("N")
      ->check([](const std::string& text) {
        const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
        const bool good = digits && std::strtod(text.c_str(), nullptr) <= 9e15;
        return good ? "" : "wants a whole number from 0 to 9e15, not '" + text + "'";
      })
      ->each([&a](const std::string&) { a.overrides.has_seed = true; });
}

void add_override_options(CLI::App& app, Arguments& a) {
  add_setting_options(app, a);
  app.add_option("--platform", a.overrides.platform,
                 "only this platform: a label of the scenario, a name or a file")
      ->type_name("NAME");
  app.add_option("--engine", a.overrides.engine,
                 "fast, or step_by_step: every step an event (slow, for checking)")
      ->type_name("MODE")
      ->check(CLI::IsMember({"fast", "step_by_step"}));
}

void add_store_option(CLI::App& app, Arguments& a, const std::string& help) {
  app.add_option("--store", a.store, help)->type_name("DIR");
}

void add_output_options(CLI::App& app, Arguments& a) {
  app.add_option("--out", a.out, "folder of the results (default: results/<scenario>)")->type_name("DIR");
  app.add_flag("--quiet", a.quiet, "no progress and no table");
  app.add_flag("--json", a.json, "print the summary as JSON");
}

}  // namespace agentsim::cli
