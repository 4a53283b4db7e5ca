#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "analysis/batch/executor.hpp"
#include "analysis/study/comparison.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "sim/base/suggest.hpp"
#include "sim/config/library.hpp"
#include "sim/metrics/run_tables.hpp"
#include "sim/serving/router.hpp"
#include "sim/serving/scheduler.hpp"
#include "sim/workload/importer.hpp"
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

// The unit that the end of a column's name tells.
std::string unit(const std::string& name) {
  static const std::vector<std::pair<std::string, std::string>> ends{{"usd_per_h", "USD/h"},
                                                                     {"session", "USD"},
                                                                     {"usd_per_mtok_output", "USD"},
                                                                     {"usd_per_mtok_total", "USD"},
                                                                     {"bytes_per_s", "B/s"},
                                                                     {"_per_h", "1/h"},
                                                                     {"_s", "s"},
                                                                     {"_s_p50", "s"},
                                                                     {"_s_p90", "s"},
                                                                     {"_s_p95", "s"},
                                                                     {"_s_mean", "s"},
                                                                     {"_share", "1"},
                                                                     {"_tokens", "tokens"},
                                                                     {"_blocks", "blocks"},
                                                                     {"bytes", "B"},
                                                                     {"flop", "FLOP"},
                                                                     {"_w", "W"},
                                                                     {"mfu", "1"},
                                                                     {"mbu", "1"}};
  if (name == "session") return "-";
  for (const auto& [end, word] : ends)
    if (name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0)
      return word;
  return "-";
}

// The tables of docs/output.md.
void print_columns() {
  std::vector<metrics::ColumnDoc> docs = metrics::run_columns();
  const std::vector<metrics::ColumnDoc> more = study::comparison_columns();
  docs.insert(docs.end(), more.begin(), more.end());
  std::string file;
  for (const metrics::ColumnDoc& doc : docs) {
    if (doc.file != file) {
      const bool is_file = doc.file.find(',') == std::string::npos;
      fmt::print("{}### {}\n\n| {} | unit | meaning |\n| --- | --- | --- |\n", file.empty() ? "" : "\n",
                 is_file ? doc.file : "Values of metric", is_file ? "column" : "metric");
    }
    file = doc.file;
    fmt::print("| {} | {} | {} |\n", doc.name, unit(doc.name), doc.meaning);
  }
}

const std::map<std::string, std::function<Rows()>>& kinds() {
  static const std::map<std::string, std::function<Rows()>> all{
      {"arrivals", policies<workload::Arrivals>},
      {"engines", [] { return files("platforms/engines"); }},
      {"executors", policies<batch::Executors>},
      {"gpus", [] { return files("platforms/gpus"); }},
      {"importers", policies<workload::Importers>},
      {"models", [] { return files("scenarios/models"); }},
      {"nodes", [] { return files("platforms/nodes"); }},
      {"platforms", [] { return files("platforms/clusters"); }},
      {"prices", [] { return files("platforms/prices"); }},
      {"roles", [] { return files("scenarios/roles"); }},
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
  std::vector<std::string> names{"columns"};
  for (const auto& [name, rows] : kinds()) names.push_back(name);
  sub->add_option("KIND", arguments.files, "one of: " + fmt::format("{}", fmt::join(names, ", ")));
  sub->callback([&arguments, names] {
    for (const std::string& word : arguments.files)
      if (std::find(names.begin(), names.end(), word) == names.end())
        throw ConfigError(std::vector<Diagnostic>{
            {{}, fmt::format("unknown kind '{}'", word), nearest(word, names), names, ""}});
    const auto wanted = [&](const std::string& name) {
      return std::find(arguments.files.begin(), arguments.files.end(), name) != arguments.files.end();
    };
    if (wanted("columns")) print_columns();
    for (const auto& [name, rows] : kinds())
      if (arguments.files.empty() || wanted(name)) print(name, rows());
  });
}

}  // namespace agentsim::cli
