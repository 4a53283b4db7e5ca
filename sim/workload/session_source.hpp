#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/registry.hpp"
#include "sim/workload/options.hpp"
#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// Where sessions come from. Everything it tells is a pure function of its parameters, the seed and the index.
class SessionSource {
 public:
  virtual ~SessionSource() = default;

  // Of a trace: how many it holds; more may be asked for, and it begins anew with other users. Nothing: no
  // end.
  virtual std::optional<size_t> sessions() const { return {}; }
  // `index` and `name` of the plan may be left empty.
  virtual SessionPlan plan(size_t index) const = 0;
  // Arrival of a session from the start of the trace, non-decreasing; nothing if the source knows none.
  virtual std::optional<double> recorded_arrival_s(size_t /*index*/) const { return {}; }

  const PlanNames& names() const { return names_; }
  // What was changed on the way in: one sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

 protected:
  PlanNames names_;
  std::vector<std::string> notes_;
};

// The parameters of a source, under its name in the workload map. Registered by the source's own .cpp file.
class SourceOptions : public Options {
 public:
  // Throws ConfigError if its files are wrong.
  virtual std::unique_ptr<SessionSource> open(uint64_t seed) const = 0;
};

using Sources = Registry<SourceOptions>;

}  // namespace agentsim::workload
