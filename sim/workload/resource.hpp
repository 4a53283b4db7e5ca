#pragma once

#include <cstdint>

#include "sim/config/reader.hpp"

namespace agentsim::workload {

// What tools of a name contend for: machines, a rate-limited service, a person. First come, first served.
struct ResourceSpec {
  int64_t servers = 0;
  double rate_per_s = 0.0;
  bool per_person = false;
};

template <class V>
void describe(V& v, ResourceSpec& resource) {
  v.field("servers", resource.servers, config::Bounds{1, 1e9},
          "tools that it runs at once; absent: no limit");
  v.field("rate", resource.rate_per_s, Dimension::rate, config::kPositive,
          "tools that it begins per unit of time, evenly spaced; absent: no limit");
  v.field("per_person", resource.per_person,
          "each person of the arrival has one; false: there is one for all");
}

}  // namespace agentsim::workload
