#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/config/dumper.hpp"
#include "sim/config/reader.hpp"
#include "sim/metrics/slo.hpp"
#include "sim/model/deployment.hpp"
#include "sim/platform/cluster.hpp"
#include "sim/serving/replica.hpp"
#include "sim/workload/resource.hpp"
#include "sim/workload/workload_spec.hpp"

namespace agentsim {

// What is written down about a run and how it is cut for statistics.
struct Reporting {
  double sample_interval_s = 60.0;  // of replicas.csv
  double warm_up = 0.1;             // share of the sessions, the first to arrive, left out of the statistics
};

template <class Visitor>
void describe(Visitor& v, Reporting& r) {
  v.field("sample_interval", r.sample_interval_s, Dimension::time, config::kPositive,
          "between rows of replicas.csv");
  v.field("warm_up", r.warm_up, Dimension::number, config::Bounds{0.0, 0.9},
          "share of sessions left out as warm-up");
}

// One of several deployments that share a platform.
struct NamedDeployment {
  std::string name;
  std::vector<std::string> roles;  // whose agents call it, if their plans say nothing else
  model::Deployment spec;
};

// One of the platforms of a scenario, with what it changes of the deployment.
struct PlatformChoice {
  std::string label;
  platform::Cluster cluster;
  model::Deployment deployment;            // the first, where there are several
  config::Value named{};                   // what the scenario says of the cluster: a name, a file or a map
  std::set<std::string> files{};           // that cluster and deployment were read from
  std::vector<NamedDeployment> several{};  // all of `deployments`; empty: `deployment` is the only one
};

// All that a run depends on, read and checked.
struct Scenario {
  std::string file;
  std::string name;
  std::string title;
  workload::WorkloadSpec workload;
  std::vector<PlatformChoice> platforms;
  std::map<std::string, workload::ResourceSpec> resources;  // that tools contend for
  metrics::SLO slo;
  Reporting reporting;
  int64_t seed = 1;
  int64_t replications = 5;
  serving::StepMode mode = serving::StepMode::fast;
  config::Value root;           // for the studies, which read `prices` and `study` from it
  std::set<std::string> files;  // that all but the platforms was read from, beside the scenario's own
};

// What the command line changes of a file.
struct Overrides {
  std::vector<std::string> settings;  // "path=value"
  std::string platform;               // only this one: a label, a name or a file
  bool has_seed = false;
  int64_t seed = 0;
  bool has_replications = false;
  int64_t replications = 0;
  std::string engine;  // fast | step_by_step
};

// Throws ConfigError with all mistakes of the scenario and the files that it names.
Scenario load_scenario(const std::string& path, const Overrides& overrides = {});

// Every resolved value, in base units, for the manifest.
config::Dumper::Json dump_scenario(const Scenario& scenario, const PlatformChoice& choice);

// The same in pieces, for studies that read many variants of one scenario.

// The file with the settings laid over it.
config::Value load_root(const std::string& path, const std::vector<std::string>& settings);
// load_scenario of a tree; the settings of the overrides are not looked at. `path` is what messages call it.
Scenario read_scenario(const config::Value& root, const std::string& path, const Overrides& overrides = {});

// All but the deployment and the platforms.
void read_common(const config::Value& root, Scenario& scenario, Diagnostics& diagnostics);
config::Dumper::Json dump_common(const Scenario& scenario);

// An entry of `platforms`.
struct PlatformEntry {
  config::Value cluster;
  std::string label;
  config::Value deployment;  // that of the scenario with what the entry changes of it
  bool changes_deployment = false;
};
std::optional<PlatformEntry> read_platform_entry(const config::Value& item, const config::Value& deployment,
                                                 Diagnostics& diagnostics);
model::Deployment read_deployment(const config::Value& map, Diagnostics& diagnostics);
// The way of a GPU's part of the weights from `host`, `storage` or `network`; class none: there is no such way.
platform::Route weight_route(const platform::Cluster& cluster, const std::string& from, int gpu);
// An entry with its cluster, once the deployment of the entry is read. Throws ConfigError.
PlatformChoice read_platform(const PlatformEntry& entry, const model::Deployment& deployment);
// What a deployment asks of a platform; mistakes stand at the platform's entry.
void check_fit(const PlatformChoice& choice, const config::Value& at, Diagnostics& diagnostics);
// The keys `deployment` and `platform` of dump_scenario.
config::Dumper::Json dump_platform(const PlatformChoice& choice);

}  // namespace agentsim
