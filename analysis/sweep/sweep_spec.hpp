#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analysis/batch/executor.hpp"
#include "analysis/sweep/filter.hpp"

namespace agentsim::sweep {

struct LatinHypercube {
  int64_t points = 0;
  int64_t seed = 1;
};

template <class V>
void describe(V& v, LatinHypercube& design) {
  v.field("points", design.points, config::Bounds{1, 1e7}, "samples: each axis is cut into as many slices",
          config::Need::required);
  v.field("seed", design.seed, config::Bounds{0, 9e15}, "of the samples");
}

// A file of `agentsim sweep` (docs/sweeps.md).
struct SweepSpec {
  std::string file;
  std::string name;
  std::string title;
  std::string scenario_file;
  config::Value scenario;  // with `set` laid over it
  std::vector<Axis> axes;
  std::vector<std::vector<size_t>> groups;  // of axes that advance together, in the order of the file
  LatinHypercube latin;                     // no points: a grid
  std::vector<Filter> only, skip;
  int64_t replications = 0;  // 0: those of the scenario
  bool records_infeasible = false;
  bool keeps_tables = false;
  std::string executor = "local";
  std::string store;
};

// What the command line changes.
struct SweepOverrides {
  std::vector<std::string> settings;  // "path=value", of the scenario
  std::string executor;
};

// Throws ConfigError with all mistakes of the file but those of its points.
SweepSpec load_sweep(const std::string& path, const SweepOverrides& overrides);

// The executor of a sweep with its parameters, which stand in the file's section of its name.
std::unique_ptr<batch::Executor> load_executor(const SweepSpec& spec);

}  // namespace agentsim::sweep
