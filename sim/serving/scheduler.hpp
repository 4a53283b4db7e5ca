#pragma once

#include "sim/base/registry.hpp"
#include "sim/serving/request.hpp"

namespace agentsim::serving {

// Orders the calls of a replica: waiting ones are admitted from the front, and the running one that stands
// last is the first to be preempted. Pure; may not read how many tokens a call will generate.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // A strict order; ties are broken by the order of arrival.
  virtual bool before(const Request& a, const Request& b) const = 0;
};

using Schedulers = Registry<Scheduler>;

}  // namespace agentsim::serving
