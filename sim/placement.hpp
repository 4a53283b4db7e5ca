#pragma once

#include <string>
#include <vector>

#include "sim/scenario.hpp"
#include "sim/workload/plan.hpp"

namespace agentsim {

// Where a deployment stands on its platform. Deployments take the GPUs in order, and so do their replicas, so the first
// groups of a cluster fill first.
struct Placement {
  std::string name;  // empty if it is the only one
  const model::Deployment* deployment = nullptr;
  int first_gpu = 0;
  int replicas = 0;

  int size() const { return static_cast<int>(deployment->gpus()); }
  int gpu(int replica) const { return first_gpu + replica * size(); }
  int end() const { return gpu(replicas); }
};

// In the order of the scenario; they point into `choice`.
std::vector<Placement> placements(const PlatformChoice& choice);

// What several deployments ask of the platform they share; mistakes stand at the platform's entry.
void check_places_of(const PlatformChoice& choice, const config::Value& at, Diagnostics& diagnostics);

// Which placement serves which agents: by the deployment that the plan names, else by role, else the first.
struct Assignment {
  std::vector<uint32_t> of_deployment;  // index into the placements
  std::vector<uint32_t> of_role;

  uint32_t of(const workload::Agent& agent) const {
    return agent.deployment >= 0 ? of_deployment[static_cast<size_t>(agent.deployment)] : of_role[agent.role];
  }
};

// Throws ConfigError if the plans name a deployment that the scenario lacks, or it a role that they lack.
Assignment assign(const Scenario& scenario, const PlatformChoice& choice, const workload::PlanNames& names);

}  // namespace agentsim
