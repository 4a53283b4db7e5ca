#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "analysis/fidelity/report.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace agentsim::cli {

void add_fidelity(CLI::App& app, Arguments& arguments) {
  using fidelity::Format;
  CLI::App* sub = app.add_subcommand("fidelity", "Compares the simulator with measured tables");
  const auto format = std::make_shared<Format>(Format::text);
  sub->add_option("TABLE", arguments.files, "tables of the validation book; none: all");
  const auto flag = [&](const char* name, Format value, const char* help) {
    return sub->add_flag_callback(
        name, [format, value] { *format = value; }, help);
  };
  CLI::Option* json = flag("--json", Format::json, "print JSON");
  CLI::Option* csv = flag("--csv", Format::csv, "print CSV");
  CLI::Option* rows = flag("--rows", Format::rows, "print CSV of every row that is judged");
  CLI::Option* markdown = flag("--markdown", Format::markdown, "print what docs/fidelity.md holds");
  json->excludes(csv)->excludes(markdown)->excludes(rows);
  csv->excludes(markdown)->excludes(rows);
  rows->excludes(markdown);
  sub->callback([&arguments, format] {
    fmt::print("{}", fidelity::print_book(fidelity::read_book(arguments.files), *format));
  });
}

}  // namespace agentsim::cli
