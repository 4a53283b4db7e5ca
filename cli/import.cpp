#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "sim/base/output_file.hpp"
#include "sim/base/suggest.hpp"
#include "sim/workload/import_tally.hpp"

namespace agentsim::cli {
namespace {

void print_formats() {
  for (const std::string& name : workload::Importers::names())
    fmt::print("  {:<18} {}\n", name, workload::Importers::help(name));
}

std::unique_ptr<workload::Importer> make_importer(const std::string& format,
                                                  const std::vector<std::string>& settings) {
  const std::vector<std::string> names = workload::Importers::names();
  if (std::find(names.begin(), names.end(), format) == names.end())
    throw ConfigError(std::vector<Diagnostic>{
        {{}, fmt::format("unknown format '{}'", format), nearest(format, names), names, ""}});
  std::unique_ptr<workload::Importer> importer = workload::Importers::make(format);
  config::Value map = config::Value::parse("{}", "--set");
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      throw ConfigError(fmt::format("--set {}: wants key=value", setting));
    map.set(setting.substr(0, equals), setting.substr(equals + 1));
  }
  Diagnostics diagnostics;
  config::read_map(map, "the importer '" + format + "'", static_cast<workload::Options&>(*importer),
                   diagnostics);
  diagnostics.throw_if_any();
  return importer;
}

void import_files(const std::string& format, const Arguments& arguments) {
  const std::vector<std::string>& paths = arguments.files;
  const std::unique_ptr<workload::Importer> importer = make_importer(format, arguments.overrides.settings);
  if (paths.empty()) throw ConfigError("import wants a file: agentsim import FORMAT FILE...");
  std::optional<OutputFile> out;
  if (!arguments.out.empty()) out.emplace(arguments.out);
  workload::ImportTally tally(
      out ? std::function<void(const std::string&)>([&](const std::string& line) { out->write(line); })
          : nullptr);
  importer->read(paths, tally);
  if (tally.sessions() == 0) throw ConfigError(fmt::format("{}: holds no session", paths.front()));
  if (out) out->commit();
  if (arguments.json)
    fmt::print("{}\n", tally.json().dump(2));
  else if (!arguments.quiet)
    fmt::print("{} read as {}\n{}", paths.size() == 1 ? paths.front() : fmt::format("{} files", paths.size()),
               format, tally.report());
  if (out) fmt::print(stderr, "plans in {}\n", arguments.out);
}

}  // namespace

void add_import(CLI::App& app, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand("import", "Turns recorded traces into plans, and says what is in them");
  const auto list = std::make_shared<bool>(false);
  sub->add_flag("--list", *list, "name the formats");
  const auto format = std::make_shared<std::string>();
  sub->add_option("FORMAT", *format, "one of --list");
  sub->add_option("FILE", arguments.files, "files or folders of that format (.gz too)");
  sub->add_option("-o,--output", arguments.out, "write the plans here, one a line (.gz compresses)")
      ->type_name("FILE");
  sub->add_option("--set", arguments.overrides.settings,
                  "change how the format is read: key=value, such as max_tool_gap=5min (repeatable)")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->expected(1);
  sub->add_flag("--json", arguments.json, "print what was read as JSON");
  sub->add_flag("--quiet", arguments.quiet, "print mistakes only");
  sub->footer(
      "A scenario replays the plans with 'source: plan_jsonl'. Formats and assumptions: docs/traces.md\n"
      "Example: agentsim import claude_code_csv scenarios/traces/claude_code_533_sessions.csv.gz -o "
      "plans.jsonl.gz");
  sub->callback([&arguments, list, format] {
    if (*list) return print_formats();
    if (format->empty()) throw ConfigError("import wants a format and files; see agentsim import --list");
    import_files(*format, arguments);
  });
}

}  // namespace agentsim::cli
