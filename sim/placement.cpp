#include "sim/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/suggest.hpp"

namespace agentsim {

std::vector<Placement> placements(const PlatformChoice& choice) {
  std::vector<Placement> all;
  if (choice.several.empty()) all.push_back({"", &choice.deployment, 0, 0});
  for (const NamedDeployment& named : choice.several) all.push_back({named.name, &named.spec, 0, 0});
  int gpu = 0;
  for (Placement& place : all) {
    const int64_t given = place.deployment->replicas;
    const int left = std::max(0, choice.cluster.gpu_count() - gpu) / place.size();
    place.first_gpu = gpu;
    place.replicas = given > 0 ? static_cast<int>(given) : left;
    gpu = place.end();
  }
  return all;
}

void check_places_of(const PlatformChoice& choice, const config::Value& at, Diagnostics& diagnostics) {
  const std::vector<Placement> all = placements(choice);
  for (size_t i = 0; i < all.size(); ++i) {
    const Placement& place = all[i];
    const auto add = [&](const std::string& words) {
      diagnostics.add(at.mistake(fmt::format("deployment '{}' {}", place.name, words)));
    };
    if (place.deployment->replicas == 0 && i + 1 < all.size()) {
      add("wants a number of replicas: only the last one can fill what is left");
      return;
    }
    if (place.end() > choice.cluster.gpu_count() || place.replicas == 0) {
      add(fmt::format("does not fit: {} of the {} GPUs of '{}' are left for it, and {} are needed",
                      std::max(0, choice.cluster.gpu_count() - place.first_gpu), choice.cluster.gpu_count(),
                      choice.label, std::max(1, place.replicas) * place.size()));
      return;
    }
    const int group = choice.cluster.group_of(place.first_gpu);
    const int within = std::min(place.size(), choice.cluster.gpus_per_node(group));
    if ((place.first_gpu - choice.cluster.first_gpu(group)) % within != 0)
      add(
          fmt::format("would begin at GPU {}, which splits its replicas of {} GPUs over nodes; put the "
                      "deployment with the "
                      "larger replicas first",
                      place.first_gpu, place.size()));
  }
}

Assignment assign(const Scenario& scenario, const PlatformChoice& choice, const workload::PlanNames& names) {
  const std::vector<Placement> all = placements(choice);
  std::vector<std::string> valid;
  for (const Placement& place : all)
    if (!place.name.empty()) valid.push_back(place.name);
  Diagnostics diagnostics;
  const auto add = [&](const std::string& words, const std::string& word,
                       const std::vector<std::string>& known) {
    diagnostics.add({Place{scenario.file, 0, 0, 1, ""}, words, nearest(word, known), known, ""});
  };
  Assignment assignment;
  for (const std::string& name : names.deployments) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Placement& place) { return place.name == name; });
    assignment.of_deployment.push_back(found == all.end() ? 0 : static_cast<uint32_t>(found - all.begin()));
    if (found == all.end())
      add(fmt::format("an agent calls the deployment '{}', which 'deployments' lacks", name), name, valid);
  }
  assignment.of_role.assign(names.roles.size(), 0);
  for (size_t i = 0; i < choice.several.size(); ++i)
    for (const std::string& role : choice.several[i].roles) {
      const auto found = std::find(names.roles.begin(), names.roles.end(), role);
      if (found == names.roles.end())
        add(fmt::format("deployment '{}' is for the role '{}', which no session has", choice.several[i].name,
                        role),
            role, names.roles);
      else
        assignment.of_role[static_cast<size_t>(found - names.roles.begin())] = static_cast<uint32_t>(i);
    }
  diagnostics.throw_if_any();
  return assignment;
}

}  // namespace agentsim
