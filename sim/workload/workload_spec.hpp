#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

#include "sim/workload/arrival.hpp"
#include "sim/workload/session_source.hpp"

namespace agentsim::workload {

// The `workload:` map of a scenario: what the users do, whatever the platform is. The parameters of the
// source stand in a section of its name; the sections of other sources are refused.
struct WorkloadSpec {
  int64_t sessions = 0;  // 0: each session of the trace once
  std::string source;
  std::shared_ptr<SourceOptions> source_options;  // never changed once read, so copies share it
  ArrivalSpec arrival;
};

template <class V>
void describe(V& v, WorkloadSpec& spec) {
  v.field("sessions", spec.sessions, config::Bounds{1, 1e9},
          "sessions to run; absent: each of the trace once");
  v.choice("source", spec.source, Sources::names(), "where the sessions come from", config::Need::required);
  for (const std::string& name : Sources::names()) {
    if (name == spec.source) {
      if (!spec.source_options) spec.source_options = Sources::make(name);
      v.section(name, *spec.source_options, Sources::help(name).c_str(), config::Need::required);
      continue;
    }
    v.known(name);
    if constexpr (std::is_same_v<V, config::Reader>) {
      if (v.has(name) && !spec.source.empty())
        v.mistake(name, "the section '" + name + "' is not for the source '" + spec.source + "'");
    }
  }
  v.value("arrival", spec.arrival, "when the sessions begin", config::Need::required);
}

}  // namespace agentsim::workload
