#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "sim/config/library.hpp"
#include "sim/metrics/run_tables.hpp"
#include "sim/serving/router.hpp"
#include "sim/serving/scheduler.hpp"
#include "sim/workload/workload_spec.hpp"

namespace agentsim::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

template <class Kind>
Rows policies() {
  Rows rows;
  for (const std::string& name : Kind::names()) rows.emplace_back(name, Kind::help(name));
  return rows;
}

// The YAML files of a folder with their titles.
Rows files(const std::string& folder) {
  Rows rows;
  for (const std::string& name : config::Library::names(folder)) {
    const auto path = config::Library::root() / folder / (name + ".yaml");
    const config::Value value = config::Value::load(path.string());
    const config::Value* title = value.find("title");
    rows.emplace_back(name, title != nullptr ? title->scalar() : "");
  }
  return rows;
}

Rows columns() {
  Rows rows;
  for (const metrics::ColumnDoc& doc : metrics::run_columns()) rows.emplace_back(doc.file + " " + doc.name, doc.meaning);
  return rows;
}

const std::map<std::string, std::function<Rows()>>& kinds() {
  static const std::map<std::string, std::function<Rows()>> all{
      {"arrivals", policies<workload::Arrivals>},
      {"columns", columns},
      {"engines", [] { return files("platforms/engines"); }},
      {"gpus", [] { return files("platforms/gpus"); }},
      {"models", [] { return files("scenarios/models"); }},
      {"nodes", [] { return files("platforms/nodes"); }},
      {"platforms", [] { return files("platforms/clusters"); }},
      {"prices", [] { return files("platforms/prices"); }},
      {"routers", policies<serving::Routers>},
      {"schedulers", policies<serving::Schedulers>},
      {"sources", policies<workload::Sources>},
  };
  return all;
}

void print(const std::string& kind, const Rows& rows) {
  fmt::print("{}\n", kind);
  size_t width = 0;
  for (const auto& [name, help] : rows) width = std::max(width, name.size());
  for (const auto& [name, help] : rows) fmt::print("  {:<{}}  {}\n", name, width, help);
}

}  // namespace

void add_list(CLI::App& app, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand("list", "Names everything a scenario can choose from");
  std::vector<std::string> names;
  for (const auto& [name, rows] : kinds()) names.push_back(name);
  sub->add_option("KIND", arguments.files, "one of: " + fmt::format("{}", fmt::join(names, ", ")))
      ->check(CLI::IsMember(names));
  sub->callback([&arguments] {
    for (const auto& [name, rows] : kinds()) {
      const bool wanted = arguments.files.empty() ? name != "columns"
                                                  : std::find(arguments.files.begin(), arguments.files.end(), name) !=
                                                        arguments.files.end();
      if (wanted) print(name, rows());
    }
  });
}

}  // namespace agentsim::cli
