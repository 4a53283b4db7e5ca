#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/batch/run_points.hpp"
#include "sim/base/registry.hpp"
#include "sim/config/reader.hpp"

namespace agentsim::batch {

// Points that are to be run.
struct Batch {
  std::string name;
  std::filesystem::path out;  // of the batch; absolute
  const ResultStore& store;
  std::vector<const Point*> points;
  std::vector<size_t> numbers;  // of each in its plan, which another process makes anew
  // The words before `work OUT --tasks FILE --task N --jobs N` (the points whose numbers stand in line N of
  // FILE) and `merge OUT`.
  std::vector<std::string> program;
  RunPoints how;
};

// Where points are run. One instance a batch.
class Executor {
 public:
  virtual ~Executor() = default;
  // Its parameters, in the section of its name.
  virtual void describe(config::Reader&) {}
  // Throws ConfigError before anything is written if it cannot work here.
  virtual void check() const {}
  // Returns true when all points have ended, false if they are left to others.
  virtual bool run(const Batch& batch, Standing& standing) const = 0;
  // What is still at work on a batch, one line each; none: nothing.
  virtual std::vector<std::string> at_work(const std::filesystem::path& out) const = 0;
  // Ends what is at work. False: there was nothing.
  virtual bool cancel(const std::filesystem::path& out) const = 0;
};

using Executors = Registry<Executor>;

}  // namespace agentsim::batch
