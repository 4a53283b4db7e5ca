#pragma once

namespace CLI {
class App;
}

namespace agentsim::cli {

struct Arguments;

// Each adds one subcommand; its callback does the work and returns by exception or by leaving the exit status
// 0.
void add_run(CLI::App& app, Arguments& arguments);
void add_calibrate(CLI::App& app, Arguments& arguments);
void add_compare(CLI::App& app, Arguments& arguments);
void add_check(CLI::App& app, Arguments& arguments);
void add_export(CLI::App& app, Arguments& arguments);
void add_import(CLI::App& app, Arguments& arguments);
void add_list(CLI::App& app, Arguments& arguments);
void add_plan(CLI::App& app, Arguments& arguments);
void add_platform(CLI::App& app, Arguments& arguments);
void add_sweep(CLI::App& app, Arguments& arguments);
void add_fidelity(CLI::App& app, Arguments& arguments);
void add_step(CLI::App& app, Arguments& arguments);
void add_kernel(CLI::App& app, Arguments& arguments);
void add_fit(CLI::App& app, Arguments& arguments);

}  // namespace agentsim::cli
