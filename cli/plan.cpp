#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "sim/base/output_file.hpp"
#include "sim/workload/plan_json.hpp"
#include "sim/workload/plan_text.hpp"
#include "sim/workload/workload.hpp"

namespace agentsim::cli {
namespace {

using workload::SessionPlan;
using workload::Workload;

struct PlanOptions {
  int64_t session = 0;   // the first
  int64_t sessions = 0;  // how many; 0: all behind it
  std::string format;
  bool calls = false;
};

bool is_scenario(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  return extension == ".yaml" || extension == ".yml";
}

workload::WorkloadSpec plans_of(const std::string& path) {
  const std::string text = fmt::format(
      "{{source: plan_jsonl, plan_jsonl: {{file: {}}}, arrival: {{kind: closed, concurrency: 1}}}}",
      nlohmann::json(path).dump());
  workload::WorkloadSpec spec;
  Diagnostics diagnostics;
  config::read_map(config::Value::parse(text, "PLANS"), "the workload", spec, diagnostics);
  diagnostics.throw_if_any();
  return spec;
}

Workload open(const Arguments& arguments) {
  const std::string& path = arguments.files.front();
  if (is_scenario(path)) {
    const Scenario scenario = load_scenario(path, arguments.overrides);
    return Workload(scenario.workload, static_cast<uint64_t>(scenario.seed));
  }
  if (!arguments.overrides.settings.empty() || arguments.overrides.has_seed)
    throw ConfigError("--set and --seed are for scenarios; plans are drawn already");
  return Workload(plans_of(path), 1);
}

// Calls `body` for each session that was asked for. Of open scenarios the plan knows when it arrives.
template <class Body>
void each_plan(const Workload& users, const PlanOptions& options, Body body) {
  const auto first = static_cast<size_t>(options.session);
  if (first >= users.sessions())
    throw ConfigError(
        fmt::format("there is no session {}: the first is 0 and the last {}", first, users.sessions() - 1));
  const size_t left = users.sessions() - first;
  const size_t count = options.sessions > 0 ? std::min(left, static_cast<size_t>(options.sessions)) : left;
  for (size_t i = first; i < first + count; ++i) {
    SessionPlan plan = users.plan(i);
    if (!users.concurrency()) plan.recorded_arrival_s = users.arrival_s(i);
    body(plan);
  }
}

std::string written(const SessionPlan& plan, const Workload& users, const PlanOptions& options) {
  if (options.format == "jsonl") return workload::plan_line(plan, users.names()) + "\n";
  if (options.format == "dot") return workload::plan_dot(plan, users.names());
  return workload::plan_text(plan, users.names(), options.calls);
}

void show(const Arguments& arguments, const PlanOptions& options) {
  const Workload users = open(arguments);
  each_plan(users, options,
            [&](const SessionPlan& plan) { fmt::print("{}", written(plan, users, options)); });
}

void write(const Arguments& arguments, const PlanOptions& options) {
  const Workload users = open(arguments);
  OutputFile out(arguments.out);
  size_t count = 0;
  each_plan(users, options, [&](const SessionPlan& plan) {
    out.write(written(plan, users, options));
    ++count;
  });
  out.commit();
  if (!arguments.quiet) fmt::print(stderr, "{} sessions in {}\n", count, arguments.out);
}

CLI::App* add_common(CLI::App& sub, const char* name, const char* help, Arguments& arguments,
                     const std::shared_ptr<PlanOptions>& options) {
  CLI::App* command = sub.add_subcommand(name, help);
  command
      ->add_option("SCENARIO|PLANS", arguments.files,
                   "a scenario (.yaml) or a file of plans (.jsonl, .gz too)")
      ->required()
      ->expected(1);
  command->add_option("--session", options->session, "the first session, from 0")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--sessions", options->sessions, "how many from there on")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command->add_option("--format", options->format, "text, dot (Graphviz) or jsonl (agentsim's plans)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"dot", "jsonl", "text"}));
  command->add_flag("--calls", options->calls, "of text: with a line for each call");
  add_setting_options(*command, arguments);
  return command;
}

}  // namespace

void add_plan(CLI::App& app, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand("plan", "Shows and writes the plans of sessions before they run");
  sub->require_subcommand(1);
  const auto shown = std::make_shared<PlanOptions>();
  CLI::App* show_command =
      add_common(*sub, "show", "Prints a session's tree of agents and calls", arguments, shown);
  show_command->footer("Example: agentsim plan show scenarios/generated_agents.yaml --session 3 --calls");
  show_command->callback([&arguments, shown] {
    if (shown->sessions == 0) shown->sessions = 1;
    show(arguments, *shown);
  });
  const auto exported = std::make_shared<PlanOptions>();
  exported->format = "jsonl";
  CLI::App* export_command =
      add_common(*sub, "export", "Writes plans, which 'source: plan_jsonl' replays", arguments, exported);
  export_command->add_option("-o,--output", arguments.out, "write here (.gz compresses)")
      ->type_name("FILE")
      ->required();
  export_command->add_flag("--quiet", arguments.quiet, "print mistakes only");
  export_command->footer("Example: agentsim plan export scenarios/generated_agents.yaml -o plans.jsonl.gz");
  export_command->callback([&arguments, exported] { write(arguments, *exported); });
}

}  // namespace agentsim::cli
