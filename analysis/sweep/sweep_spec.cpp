#include "analysis/sweep/sweep_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sim/base/suggest.hpp"
#include "sim/config/library.hpp"
#include "sim/scenario.hpp"

namespace agentsim::sweep {
namespace {

using config::Need;
using config::Value;

struct Head {
  std::string title;
  std::string name;
  int64_t replications = 0;
  std::string infeasible = "error";
  bool tables = false;
  std::string executor = "local";
  std::string store;
};

template <class V>
void describe(V& v, Head& head) {
  v.field("title", head.title, "one line for people");
  v.field("name", head.name, "the word results are filed under");
  v.field("replications", head.replications, config::Bounds{1, 1e4},
          "runs of each point, each with its own seed");
  v.choice("infeasible", head.infeasible, {"error", "record"},
           "what is done about points that cannot be run");
  v.field("tables", head.tables, "keep the tables of every run as well");
  v.choice("executor", head.executor, batch::Executors::names(), "where points are run");
  v.field("store", head.store, "folder of finished points");
  for (const char* key : {"scenario", "set", "axes", "zip", "design", "only", "skip"}) v.known(key);
  for (const std::string& name : batch::Executors::names()) v.known(name);
}

void read_axes(const Value& root, SweepSpec& spec, Diagnostics& diagnostics) {
  const Value* map = root.find("axes");
  if (map == nullptr || !map->is_map() || map->entries().empty()) {
    diagnostics.add(
        (map != nullptr ? *map : root).mistake("a sweep wants 'axes': a map from names to what is varied"));
    return;
  }
  for (const auto& [name, entry] : map->entries()) {
    const std::string& word = name.scalar();
    if (word.empty() || word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
      diagnostics.add(name.mistake("an axis names a column: lower-case letters, digits and '_'"));
    spec.axes.push_back(Axis::read(word, entry, diagnostics));
  }
}

// Each axis by itself, but those that `zip` names together.
void read_groups(const Value& root, SweepSpec& spec, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const Axis& axis : spec.axes) names.push_back(axis.name());
  std::vector<int> group_of(names.size(), -1);
  const Value* zip = root.find("zip");
  int groups = 0;
  if (zip != nullptr && !zip->is_list())
    diagnostics.add(zip->mistake("'zip' wants a list of lists of axes: [[a, b]]"));
  for (const Value& list : zip != nullptr ? zip->items() : std::vector<Value>{}) {
    if (!list.is_list() || list.items().size() < 2)
      diagnostics.add(list.mistake("an entry of 'zip' wants a list of at least two axes"));
    for (const Value& word : list.items()) {
      const auto found = std::find(names.begin(), names.end(), word.scalar());
      if (found == names.end()) {
        config::add_unknown_word(word, "axis", names, diagnostics);
        continue;
      }
      int& group = group_of[static_cast<size_t>(found - names.begin())];
      if (group >= 0)
        diagnostics.add(word.mistake(fmt::format("the axis '{}' is zipped twice", word.scalar())));
      group = groups;
    }
    ++groups;
  }
  std::vector<size_t> place(static_cast<size_t>(groups), names.size());
  for (size_t a = 0; a < names.size(); ++a) {
    const size_t known = group_of[a] < 0 ? names.size() : place[static_cast<size_t>(group_of[a])];
    if (known < names.size()) {
      spec.groups[known].push_back(a);
      continue;
    }
    if (group_of[a] >= 0) place[static_cast<size_t>(group_of[a])] = spec.groups.size();
    spec.groups.push_back({a});
  }
}

void read_design(const Value& root, SweepSpec& spec, Diagnostics& diagnostics) {
  const Value* design = root.find("design");
  if (design != nullptr && !(design->is_scalar() && design->scalar() == "grid")) {
    const Value* latin = design->find("latin_hypercube");
    if (latin == nullptr || design->entries().size() != 1)
      diagnostics.add(design->mistake("'design' wants grid or {latin_hypercube: {points: N, seed: N}}"));
    else
      config::read_map(*latin, "'latin_hypercube'", spec.latin, diagnostics);
    return;
  }
  for (const std::vector<size_t>& group : spec.groups) {
    for (const size_t a : group) {
      const size_t levels = spec.axes[a].grid().size(), first = spec.axes[group.front()].grid().size();
      const Value* map = root.find("axes")->find(spec.axes[a].name());
      const Value* range = map->find("range") != nullptr ? map->find("range") : map->find("log");
      if (range != nullptr && levels == 0)
        diagnostics.add(range->mistake("a grid wants the number of 'steps' here"));
      else if (levels != first)
        diagnostics.add(
            map->mistake(fmt::format("'{}' has {} values, but '{}', with which it is zipped, has {}",
                                     spec.axes[a].name(), levels, spec.axes[group.front()].name(), first)));
    }
  }
}

void read_filters(const Value& root, const char* key, const std::vector<Axis>& axes,
                  std::vector<Filter>& filters, Diagnostics& diagnostics) {
  const Value* list = root.find(key);
  if (list == nullptr) return;
  if (!list->is_list()) diagnostics.add(list->mistake(fmt::format("'{}' wants a list of filters", key)));
  for (const Value& item : list->items()) filters.push_back(Filter::read(item, axes, diagnostics));
}

void read_scenario_tree(const Value& root, const SweepOverrides& overrides, SweepSpec& spec,
                        Diagnostics& diagnostics) {
  const Value* word = root.find("scenario");
  if (word == nullptr) {
    diagnostics.add(root.mistake("a sweep lacks the key 'scenario', the file that its points change"));
    return;
  }
  spec.scenario_file = config::Library::find(*word, "scenario", "scenarios", diagnostics);
  if (spec.scenario_file.empty()) return;
  spec.scenario = load_root(spec.scenario_file, {});
  const auto set = [&](const auto& path, const auto& value) {
    try {
      spec.scenario.set(path, value);
    } catch (const ConfigError& error) {
      for (const Diagnostic& d : error.diagnostics()) diagnostics.add(d);
    }
  };
  if (const Value* changes = root.find("set")) {
    if (!changes->is_map()) diagnostics.add(changes->mistake("'set' wants a map from paths to values"));
    for (const auto& [path, value] : changes->entries()) set(path, value);
  }
  for (const std::string& setting : overrides.settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      throw ConfigError(fmt::format("--set {}: wants path=value, such as deployment.tp=4", setting));
    set(setting.substr(0, equals), setting.substr(equals + 1));
  }
}

// Path words of every axis, tried once: a path into a single value is a mistake of the file.
void check_paths(const SweepSpec& spec, Diagnostics& diagnostics) {
  for (const Axis& axis : spec.axes) {
    if (!axis.path().is_scalar() || spec.scenario.is_null()) continue;
    Value copy = spec.scenario;
    try {
      copy.set(axis.path(), Value::word("0", axis.path()));
    } catch (const ConfigError& error) {
      for (const Diagnostic& d : error.diagnostics()) diagnostics.add(d);
    }
  }
}

}  // namespace

SweepSpec load_sweep(const std::string& path, const SweepOverrides& overrides) {
  const Value root = Value::load(path);
  SweepSpec spec;
  spec.file = path;
  Diagnostics diagnostics;
  Head head;
  head.name = std::filesystem::path(path).stem().string();
  config::read_map(root, "a sweep", head, diagnostics);
  if (!root.is_map()) diagnostics.throw_if_any();
  if (head.name.find_first_of("/\\") != std::string::npos || head.name == ".." || head.name.empty())
    diagnostics.add(root.find("name")->mistake("'name' names a folder of results and cannot hold a path"));
  spec.name = head.name;
  spec.title = head.title;
  spec.replications = head.replications;
  spec.records_infeasible = head.infeasible == "record";
  spec.keeps_tables = head.tables;
  spec.store = head.store;
  spec.executor = overrides.executor.empty() ? head.executor : overrides.executor;
  read_scenario_tree(root, overrides, spec, diagnostics);
  const size_t before = diagnostics.size();
  read_axes(root, spec, diagnostics);
  read_groups(root, spec, diagnostics);
  if (diagnostics.size() == before) {
    check_paths(spec, diagnostics);
    read_design(root, spec, diagnostics);
    read_filters(root, "only", spec.axes, spec.only, diagnostics);
    read_filters(root, "skip", spec.axes, spec.skip, diagnostics);
  }
  diagnostics.throw_if_any();
  return spec;
}

std::unique_ptr<batch::Executor> load_executor(const SweepSpec& spec) {
  const std::vector<std::string> names = batch::Executors::names();
  if (std::find(names.begin(), names.end(), spec.executor) == names.end())
    throw ConfigError(std::vector<Diagnostic>{
        {{}, fmt::format("unknown executor '{}'", spec.executor), nearest(spec.executor, names), names, ""}});
  std::unique_ptr<batch::Executor> executor = batch::Executors::make(spec.executor);
  const Value root = Value::load(spec.file);
  const Value* found = root.find(spec.executor);
  const Value section = found != nullptr ? *found : Value();
  Diagnostics diagnostics;
  config::Reader reader(section, fmt::format("'{}'", spec.executor), diagnostics);
  executor->describe(reader);
  reader.finish();
  diagnostics.throw_if_any();
  return executor;
}

}  // namespace agentsim::sweep
