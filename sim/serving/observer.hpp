#pragma once

#include <vector>

#include "sim/serving/records.hpp"

namespace agentsim::serving {

// Told what has happened; it changes nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  // `calls` are in the order of the plan.
  virtual void on_session_end(const SessionRecord& session, const std::vector<CallRecord>& calls) = 0;
  virtual void on_sample(const ReplicaSample& sample) = 0;
};

}  // namespace agentsim::serving
