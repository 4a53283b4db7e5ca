#pragma once

#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace CLI {
class App;
}

namespace agentsim::cli {

// The options that the commands share.
struct Arguments {
  std::vector<std::string> files;
  Overrides overrides;
  std::string out;
  int jobs = 0;       // 0: one for each processor
  std::string store;  // of finished runs
  bool json = false;
  bool quiet = false;
  std::string command;  // what the user typed

  // The folder of the results: --out, else results/<name of the scenario>.
  std::string out_or_default(const Scenario& scenario) const;
};

// Adds SCENARIO and the next to a command that reads one.
void add_scenario_options(CLI::App& app, Arguments& arguments);
// Adds --set and --seed, which change what a scenario's sessions are.
void add_setting_options(CLI::App& app, Arguments& arguments);
// Adds these, --engine and --platform.
void add_override_options(CLI::App& app, Arguments& arguments);
// Adds --store.
void add_store_option(CLI::App& app, Arguments& arguments, const std::string& help);
// Adds --out, --quiet, --json.
void add_output_options(CLI::App& app, Arguments& arguments);

}  // namespace agentsim::cli
