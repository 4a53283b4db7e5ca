#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/registry.hpp"
#include "sim/workload/options.hpp"
#include "sim/workload/session_source.hpp"

namespace agentsim::workload {

// When sessions begin: at times of their own (open), or as others end (closed). Registered by its own .cpp
// file.
class Arrival : public Options {
 public:
  // Closed: so many sessions run at any time, and the next one begins when one ends.
  virtual std::optional<int> concurrency() const { return {}; }
  // Closed: how long a user waits before session `session` after the one before it has ended.
  virtual double pause_s(size_t /*session*/, uint64_t /*seed*/) const { return 0.0; }
  // Closed: users 0 to n - 1 are the first person's agents, the next n the second's, and so on.
  virtual int agents_a_person() const { return 1; }
  // Open: one time for each session, non-decreasing. Throws ConfigError if the source lacks what it needs.
  virtual std::vector<double> times_s(size_t sessions, const SessionSource& source, uint64_t seed) const = 0;
};

using Arrivals = Registry<Arrival>;

// `{kind: poisson, rate: 2/s}`
struct ArrivalSpec {
  std::string kind;
  std::shared_ptr<Arrival> policy;  // never changed once read, so copies share it
};

void parse(const config::Value& value, ArrivalSpec& out, Diagnostics& diagnostics);
config::Dumper::Json dump_json(const ArrivalSpec& spec);

}  // namespace agentsim::workload
