#include "sim/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "sim/base/text_file.hpp"
#include "sim/config/library.hpp"
#include "sim/model/gpu_needs.hpp"
#include "sim/model/kv_capacity.hpp"
#include "sim/model/layout.hpp"
#include "sim/placement.hpp"
#include "sim/serving/router.hpp"
#include "sim/serving/scheduler.hpp"

namespace agentsim {

template <class Visitor>
void describe(Visitor& v, Scenario& s) {
  using config::Bounds;
  v.field("name", s.name, "the word results are filed under");
  v.field("title", s.title, "one line for people");
  v.section("workload", s.workload, "what the users do", config::Need::required);
  v.named_sections("resources", s.resources, "what tools contend for");
  v.section("slo", s.slo, "what they are promised");
  v.section("reporting", s.reporting, "what is written down");
  v.field("seed", s.seed, Bounds{0, 9e15}, "of all random streams");
  v.field("replications", s.replications, Bounds{1, 1e4}, "runs of a comparison, each with its own seed");
  v.known("deployment");
  v.known("deployments");
  v.known("platforms");
  v.known("prices");
  v.known("study");
}

namespace {

using config::Value;

// Keeps the mistakes of a loader that throws, so that one run reports them all.
void collect(Diagnostics& diagnostics, const std::function<void()>& load) {
  try {
    load();
  } catch (const ConfigError& error) {
    for (const Diagnostic& d : error.diagnostics()) diagnostics.add(d);
  }
}

// Whether the weights fit, and if not, how many GPUs would do.
void check_memory(const PlatformChoice& choice, const platform::Accelerator& gpu,
                  const std::function<void(const std::string&)>& add) {
  model::Deployment d = choice.deployment;
  d.kv_blocks = 0;  // a given number of blocks makes no room for the weights
  const model::KVCapacity here = model::kv_capacity(d, gpu);
  if (here.blocks > 0) return;
  const double needed = here.weight_bytes + here.activation_bytes + here.reserve_bytes;
  std::string remedy = "no number of its GPUs would do";
  for (d.tp *= 2; d.tp <= d.llm.heads; d.tp *= 2) {
    if (!model::layout_mistakes(d).empty() || model::kv_capacity(d, gpu).blocks <= 0) continue;
    remedy = fmt::format("tp {} would do", d.tp);
    break;
  }
  add(fmt::format("{} in {} does not fit: with tp {} a GPU needs {} and the engine may use {} of a {}; {}",
                  d.llm.name, d.precision.weights, choice.deployment.tp, pretty_bytes(needed),
                  pretty_bytes(here.memory_bytes), gpu.name, remedy));
}

// What a replica asks of the GPUs it runs on.
void check_gpu(const PlatformChoice& choice, const platform::Accelerator& gpu,
               const std::function<void(const std::string&)>& add) {
  for (const std::string& mistake : model::gpu_mistakes(choice.deployment, gpu)) add(mistake);
  check_memory(choice, gpu, add);
}

// "a node", or which one where the cluster has several kinds.
std::string node_words(const platform::Cluster& cluster, int group) {
  return cluster.groups() == 1 ? "a node" : fmt::format("a node {}", cluster.node(group).name);
}

// Stages and replicas fill nodes or take whole ones, so that neighbours in a node stay together, and a replica has GPUs
// of one kind.
void check_places(const PlatformChoice& choice, int group,
                  const std::function<void(const std::string&)>& add) {
  const platform::Cluster& cluster = choice.cluster;
  const int in_node = cluster.gpus_per_node(group);
  const int in_group = cluster.nodes_in(group) * in_node;
  const model::Deployment& d = choice.deployment;
  const auto fits = [&](int64_t size) { return in_node % size == 0 || size % in_node == 0; };
  const std::string gpus =
      fmt::format("{} GPUs of {} of '{}'", in_node, node_words(cluster, group), choice.label);
  if (!fits(d.tp))
    add(fmt::format("tp {} does not divide the {}", d.tp, gpus));
  else if (!fits(d.gpus()))
    add(fmt::format("tp {} x pp {} = {} does not divide the {}", d.tp, d.pp, d.gpus(), gpus));
  else if (d.gpus() > in_node && in_group % d.gpus() != 0 && cluster.groups() > 1)
    add(fmt::format(
        "replicas of {} GPUs do not divide the {} GPUs of {} of '{}', so one would have GPUs of two kinds",
        d.gpus(), in_group, cluster.node(group).name, choice.label));
}

}  // namespace

// `- hgx_h100_x1` or `- {label: nvlink, platform: hgx_h100_x1, deployment: {tp: 8}}`
std::optional<PlatformEntry> read_platform_entry(const Value& value, const Value& deployment,
                                                 Diagnostics& diagnostics) {
  PlatformEntry entry;
  entry.deployment = deployment;
  if (value.is_scalar()) {
    entry.cluster = value;
    entry.label = std::filesystem::path(value.scalar()).stem().string();
    return entry;
  }
  config::Reader reader(value, "a platform", diagnostics);
  reader.field("label", entry.label, "what results call it", config::Need::required);
  reader.known("platform");
  reader.known("deployment");
  reader.known("deployments");
  reader.finish();
  const Value* cluster = value.find("platform");
  if (const Value* changes = value.find("deployment")) {
    entry.deployment.overlay(*changes);
    entry.changes_deployment = true;
  }
  if (cluster == nullptr) {
    diagnostics.add(value.mistake("a platform lacks the key 'platform'"));
    return {};
  }
  entry.cluster = *cluster;
  return entry;
}

model::Deployment read_deployment(const Value& map, Diagnostics& diagnostics) {
  model::Deployment spec;
  model::load_deployment(map, serving::Routers::names(), serving::Schedulers::names(), spec, diagnostics);
  return spec;
}

PlatformChoice read_platform(const PlatformEntry& entry, const model::Deployment& deployment) {
  const FileLog log;
  platform::Cluster cluster = platform::load_cluster(entry.cluster);
  return {entry.label, std::move(cluster), deployment, entry.cluster, log.files()};
}

platform::Route weight_route(const platform::Cluster& cluster, const std::string& from, int gpu) {
  if (from == "host") return cluster.from_memory(gpu);
  if (from == "storage") return cluster.from_storage(gpu);
  const platform::Route route = cluster.ingress(gpu);
  return route.links.empty() ? platform::Route{} : route;
}

void check_fit(const PlatformChoice& choice, const Value& at, Diagnostics& diagnostics) {
  const model::Deployment& d = choice.deployment;
  const auto add = [&](const std::string& message) { diagnostics.add(at.mistake(message)); };
  const std::vector<std::string> mistakes = model::layout_mistakes(d);
  for (const std::string& mistake : mistakes) add(mistake);
  if (!mistakes.empty()) return;
  const platform::Cluster& cluster = choice.cluster;
  const auto size = static_cast<int>(d.gpus());
  const int used = d.replicas > 0
                       ? static_cast<int>(std::min<int64_t>(d.replicas * size, cluster.gpu_count()))
                       : cluster.gpu_count();
  for (int group = 0; group < cluster.groups() && cluster.first_gpu(group) < used; ++group) {
    check_places(choice, group, add);
    check_gpu(choice, cluster.node(group).gpu, add);
    if (d.load_weights == "off") continue;
    if (weight_route(cluster, d.load_weights, cluster.first_gpu(group)).path_class ==
        platform::PathClass::none)
      add(fmt::format("'load_weights: {}' finds no way to the GPUs of {} of '{}'", d.load_weights,
                      node_words(cluster, group), choice.label));
  }
  if (std::max<int64_t>(1, d.replicas) * d.gpus() > cluster.gpu_count())
    add(fmt::format("{} replica{} of {} GPUs do{} not fit the {} GPUs of '{}'",
                    std::max<int64_t>(1, d.replicas), d.replicas > 1 ? "s" : "", d.gpus(),
                    d.replicas > 1 ? "" : "es", cluster.gpu_count(), choice.label));
}

namespace {

// The deployment map of a scenario without `roles`, which is read into `out`.
Value without_roles(const Value& map, std::vector<std::string>& out, Diagnostics& diagnostics) {
  const Value* roles = map.find("roles");
  if (roles == nullptr) return map;
  if (!roles->is_list()) diagnostics.add(roles->mistake("'roles' wants a list of roles"));
  for (const Value& role : roles->items()) out.push_back(role.scalar());
  return map.without("roles");
}

// All of `deployments` of a scenario, with what a platform's entry changes of them.
std::vector<NamedDeployment> read_several(const Value& deployments, const Value& entry,
                                          Diagnostics& diagnostics) {
  Value map = deployments;
  if (const Value* changes = entry.find("deployments")) map.overlay(*changes);
  std::vector<NamedDeployment> all;
  for (const auto& [name, value] : map.entries()) {
    NamedDeployment& named = all.emplace_back();
    named.name = name.scalar();
    named.spec = read_deployment(without_roles(value, named.roles, diagnostics), diagnostics);
  }
  return all;
}

// Each of several deployments asks of the platform what one alone does; then they have to fit beside each other.
void check_several(const PlatformChoice& choice, const Value& at, Diagnostics& diagnostics) {
  const size_t before = diagnostics.size();
  for (const NamedDeployment& named : choice.several) {
    PlatformChoice alone = choice;
    alone.deployment = named.spec;
    check_fit(alone, at, diagnostics);
  }
  if (diagnostics.size() == before) check_places_of(choice, at, diagnostics);
}

void load_platforms(const Value& list, const Value& root, Scenario& scenario, Diagnostics& diagnostics) {
  if (!list.is_list() || list.items().empty()) {
    diagnostics.add(list.mistake("'platforms' wants a list with at least one platform"));
    return;
  }
  const Value* several = root.find("deployments");
  const Value& deployment = several != nullptr ? several->entries().front().second : *root.find("deployment");
  std::vector<std::string> labels;
  for (const Value& item : list.items()) {
    const std::optional<PlatformEntry> entry = read_platform_entry(item, deployment, diagnostics);
    if (!entry) continue;
    if (std::find(labels.begin(), labels.end(), entry->label) != labels.end())
      diagnostics.add(item.mistake(fmt::format("two platforms are labelled '{}'", entry->label)));
    labels.push_back(entry->label);
    const size_t before = diagnostics.size();
    const FileLog log;
    // The shared part of the deployment is the same for all: its mistakes are reported once.
    Diagnostics own;
    Diagnostics& shared =
        labels.size() == 1 || entry->changes_deployment || item.find("deployments") != nullptr ? diagnostics
                                                                                               : own;
    std::vector<NamedDeployment> named;
    if (several != nullptr) named = read_several(*several, item, shared);
    const model::Deployment spec =
        several != nullptr ? named.front().spec : read_deployment(entry->deployment, shared);
    collect(diagnostics, [&] {
      scenario.platforms.push_back(read_platform(*entry, spec));
      scenario.platforms.back().several = named;
    });
    if (diagnostics.size() != before || !own.empty()) continue;
    PlatformChoice& choice = scenario.platforms.back();
    choice.files = log.files();
    if (several != nullptr)
      check_several(choice, item, diagnostics);
    else
      check_fit(choice, item, diagnostics);
  }
}

// Keeps the one platform the command line names; a name or file that is not in the list replaces the list.
Value chosen_platforms(const Value& root, const std::string& wanted) {
  const Value* list = root.find("platforms");
  if (wanted.empty()) return list != nullptr ? *list : Value();
  if (list != nullptr && list->is_list()) {
    for (const Value& item : list->items()) {
      const Value* label = item.find("label");
      const Value* cluster = item.find("platform");
      if ((item.is_scalar() && item.scalar() == wanted) || (label != nullptr && label->scalar() == wanted) ||
          (cluster != nullptr && cluster->scalar() == wanted)) {
        return Value::list_of(item);
      }
    }
  }
  return Value::parse("[" + wanted + "]", "--platform " + wanted);
}

}  // namespace

void read_common(const Value& root, Scenario& scenario, Diagnostics& diagnostics) {
  const FileLog log;
  collect(diagnostics, [&] { config::read_map(root, "the scenario", scenario, diagnostics); });
  if (scenario.name.find_first_of("/\\") != std::string::npos || scenario.name == ".." ||
      scenario.name.empty()) {
    const Value* name = root.find("name");
    diagnostics.add(
        (name != nullptr ? *name : root).mistake("'name' names a folder of results and cannot hold a path"));
  }
  const Value* several = root.find("deployments");
  if (several == nullptr && root.find("deployment") == nullptr)
    diagnostics.add(root.mistake("the scenario lacks the key 'deployment'"));
  else if (several != nullptr && root.find("deployment") != nullptr)
    diagnostics.add(several->mistake("'deployments' stands beside 'deployment': one of them is too many"));
  else if (several != nullptr && (!several->is_map() || several->entries().empty()))
    diagnostics.add(several->mistake("'deployments' wants a map from names to deployments"));
  scenario.files = log.files();
}

Value load_root(const std::string& path, const std::vector<std::string>& settings) {
  Value root = Value::load(path);
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      throw ConfigError(fmt::format("--set {}: wants path=value, such as deployment.tp=4", setting));
    root.set(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return root;
}

Scenario read_scenario(const Value& root, const std::string& path, const Overrides& overrides) {
  Scenario scenario;
  scenario.file = path;
  scenario.name = std::filesystem::path(path).stem().string();
  scenario.root = root;
  Diagnostics diagnostics;
  read_common(root, scenario, diagnostics);
  const Value platforms = chosen_platforms(root, overrides.platform);
  if (platforms.is_null()) diagnostics.add(root.mistake("the scenario lacks the key 'platforms'"));
  const Value* several = root.find("deployments");
  const bool has_one = several != nullptr ? several->is_map() && !several->entries().empty()
                                          : root.find("deployment") != nullptr;
  if (has_one && !platforms.is_null()) load_platforms(platforms, root, scenario, diagnostics);
  if (overrides.has_seed) scenario.seed = overrides.seed;
  if (overrides.has_replications) scenario.replications = overrides.replications;
  if (overrides.engine == "step_by_step") scenario.mode = serving::StepMode::step_by_step;
  diagnostics.throw_if_any();
  return scenario;
}

Scenario load_scenario(const std::string& path, const Overrides& overrides) {
  return read_scenario(load_root(path, overrides.settings), path, overrides);
}

config::Dumper::Json dump_common(const Scenario& scenario) {
  return config::dump(scenario);
}

namespace {

config::Dumper::Json dump_deployment(const model::Deployment& d) {
  config::Dumper::Json json = config::dump(d);
  json["router"] = d.router;
  json["scheduler"] = d.scheduler;
  json["model"] = config::dump(d.llm);
  json["engine"] = config::dump(d.engine);
  return json;
}

}  // namespace

config::Dumper::Json dump_platform(const PlatformChoice& choice) {
  config::Dumper::Json json;
  if (choice.several.empty()) json["deployment"] = dump_deployment(choice.deployment);
  for (const NamedDeployment& named : choice.several) {
    json["deployments"][named.name] = dump_deployment(named.spec);
    json["deployments"][named.name]["roles"] = named.roles;
  }
  json["platform"] = config::dump(choice.cluster.spec());
  json["platform"]["label"] = choice.label;
  json["platform"]["node"] = choice.cluster.node().name;
  json["platform"]["gpu"] = config::dump(choice.cluster.node().gpu);
  for (int group = 1; group < choice.cluster.groups(); ++group)
    json["platform"]["more_groups"].push_back({{"node", choice.cluster.node(group).name},
                                               {"count", choice.cluster.nodes_in(group)},
                                               {"gpu", config::dump(choice.cluster.node(group).gpu)}});
  return json;
}

config::Dumper::Json dump_scenario(const Scenario& scenario, const PlatformChoice& choice) {
  config::Dumper::Json json = dump_common(scenario);
  json.update(dump_platform(choice));
  json["engine_mode"] = scenario.mode == serving::StepMode::fast ? "fast" : "step_by_step";
  return json;
}

}  // namespace agentsim
