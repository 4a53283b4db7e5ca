#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/hash.hpp"
#include "sim/workload/plan.hpp"
#include "sim/workload/workload_spec.hpp"

namespace agentsim::workload {

// All sessions of a run, known before time begins. What it tells depends on the spec and the seed alone, so
// every platform that is compared sees the same sessions.
class Workload {
 public:
  // Reads the source's files. Throws ConfigError.
  Workload(const WorkloadSpec& spec, uint64_t seed);

  size_t sessions() const { return sessions_; }
  // A pure function of the seed and the index: drawn anew at each call and not kept.
  SessionPlan plan(size_t index) const;
  // Of a closed workload; nothing for an open one.
  std::optional<int> concurrency() const { return spec_.arrival.policy->concurrency(); }
  // Of a closed workload: a user's pause before its session of that index, and whose agent the user is.
  double pause_s(size_t index) const { return spec_.arrival.policy->pause_s(index, seed_); }
  uint64_t person(uint64_t user) const {
    return user / static_cast<uint64_t>(spec_.arrival.policy->agents_a_person());
  }
  // Of an open workload: non-decreasing in the index.
  double arrival_s(size_t index) const;
  const PlanNames& names() const { return source_->names(); }
  // What was changed or assumed on the way from the source to the plans, one sentence each.
  std::vector<std::string> notes() const { return source_->notes(); }
  // Of all plans. Durations count as whole microseconds, so it is the same on every platform.
  uint64_t fingerprint() const;

 private:
  WorkloadSpec spec_;
  uint64_t seed_;
  std::unique_ptr<SessionSource> source_;
  size_t sessions_ = 0;
  std::vector<double> arrivals_s_;  // empty if closed
};

// Adds all of a plan to a hash; what a plan does not use changes nothing.
void add_to(Fnv1a& hash, const SessionPlan& plan);

}  // namespace agentsim::workload
