#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sim/model/kv_capacity.hpp"
#include "sim/network/traffic.hpp"
#include "sim/scenario.hpp"
#include "sim/serving/observer.hpp"
#include "sim/workload/workload.hpp"

namespace agentsim {

// What a workload asks for, over all its plans.
struct Survey {
  uint64_t sessions = 0;
  uint64_t agents = 0;
  uint64_t calls = 0;
  uint64_t prompt_tokens = 0;
  uint64_t output_tokens = 0;
  uint64_t longest_call_tokens = 0;                    // prompt and output
  std::map<std::pair<int, int>, uint64_t> longest_of;  // the same by the deployment and the role of the agent
  uint64_t calls_over_context = 0;                     // longer than the model was made for
  uint64_t fingerprint = 0;                            // of all plans
};

Survey survey(const workload::Workload& workload, int64_t max_context);

struct LinkUse {
  std::string name;
  double bytes_per_s = 0.0;  // capacity
  std::array<double, network::kTrafficClasses> bytes{};
};

// What a finished run knows beside its records.
struct RunFacts {
  double end_s = 0.0;
  uint64_t events = 0;
  uint64_t flows = 0;
  int replicas = 0;
  int gpus = 0;                    // of the platform, paid for
  int gpus_used = 0;               // by replicas
  model::KVCapacity kv;            // of a replica of the first group
  std::vector<int64_t> kv_blocks;  // of each replica
  Survey survey;
  std::vector<serving::ReplicaSample> final_samples;
  std::vector<LinkUse> links;
  std::vector<std::string> notes;  // assumptions and warnings, one sentence each
};

// For whoever shows how far a run is. Returns false to stop it.
using Progress = std::function<bool(double now_s, uint64_t ended, uint64_t sessions, uint64_t events)>;

// The run was stopped by its Progress, or by a signal. The words say what is left of it.
class Interrupted : public std::runtime_error {
 public:
  explicit Interrupted(const std::string& words = "interrupted; nothing was written")
      : std::runtime_error(words) {}
};

// The scenario's resources in the order of the plans' names. Throws ConfigError if one is missing.
std::vector<workload::ResourceSpec> resources_of(const Scenario& scenario, const workload::PlanNames& names);

// Checks that a platform can serve the workload at all. Throws ConfigError: a call longer than the KV cache.
void check_capacity(const Scenario& scenario, const PlatformChoice& choice, const Survey& survey,
                    const workload::PlanNames& names);

// Runs one scenario on one platform with one seed: the only wiring of a run. Once a process, because SimGrid is one
// simulation a process. Throws ConfigError, Interrupted, and ContractViolation if an invariant is broken.
RunFacts simulate(const Scenario& scenario, const PlatformChoice& choice, uint64_t seed,
                  serving::Observer& observer, const Progress& progress = {});

// The seed of a replication; the first runs the scenario's own.
uint64_t replication_seed(int64_t seed, int64_t replication);

}  // namespace agentsim
