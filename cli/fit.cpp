#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "analysis/fitting/print.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "sim/base/output_file.hpp"

namespace agentsim::cli {
namespace {

struct FitArguments {
  fitting::FitOptions options;
  size_t splits = 0;
  std::string note;
  fitting::Format format = fitting::Format::text;
};

void fit_plans(const Arguments& arguments, const FitArguments& own) {
  fitting::Report report;
  report.path = arguments.files.front();
  const fitting::Load load = fitting::read_load(report.path);
  const fitting::Fit fit = fitting::fit(load.all(), load.roles, own.options);
  report.load = &load;
  report.fit = &fit;
  report.options = &own.options;
  if (own.splits > 0) report.halves = fitting::cross_check(load, fit.roots, own.splits, own.options);
  if (!arguments.out.empty()) {
    OutputFile out(arguments.out);
    out.write(fitting::role_file(report, own.note));
    out.commit();
  }
  if (!arguments.quiet) fmt::print("{}", fitting::print(report, own.format));
  if (!arguments.out.empty()) fmt::print(stderr, "roles in {}\n", arguments.out);
}

}  // namespace

void add_fit(CLI::App& app, Arguments& arguments) {
  CLI::App* sub =
      app.add_subcommand("fit", "Turns plans into roles that draw such sessions, as many as wanted");
  const auto own = std::make_shared<FitArguments>();
  sub->add_option("PLANS", arguments.files, "plans that 'agentsim import' or 'plan export' wrote (.gz too)")
      ->required()
      ->expected(1);
  sub->add_option("-o,--output", arguments.out, "write the role file here")->type_name("FILE");
  sub->add_option("--classes", own->options.classes,
                  "classes of sessions, each a role of its own; without: as many, up to 10, as it takes")
      ->check(CLI::Range(1, 100));
  sub->add_option("--sessions", own->options.regenerated,
                  "sessions that are drawn and compared with the plans")
      ->check(CLI::Range(100, 1000000))
      ->capture_default_str();
  sub->add_option("--seed", own->options.seed, "of what is drawn")->capture_default_str();
  sub->add_option("--halves", own->splits,
                  "also fit halves of the sessions and compare each with the other half, in so many splits")
      ->check(CLI::Range(1, 100))
      ->type_name("SPLITS");
  sub->add_option("--note", own->note, "a sentence for the role file on where the plans come from");
  CLI::Option* markdown = sub->add_flag_callback(
      "--markdown", [own] { own->format = fitting::Format::markdown; }, "print the tables of docs/fit.md");
  sub->add_flag_callback(
         "--json", [own] { own->format = fitting::Format::json; }, "print JSON")
      ->excludes(markdown);
  sub->add_flag("--quiet", arguments.quiet, "print mistakes only");
  sub->footer(
      "A scenario draws from the roles with 'source: roles', 'root: session'. What is fitted: docs/fit.md\n"
      "Example: agentsim fit plans.jsonl.gz -o my_team.yaml");
  sub->callback([&arguments, own] { fit_plans(arguments, *own); });
}

}  // namespace agentsim::cli
