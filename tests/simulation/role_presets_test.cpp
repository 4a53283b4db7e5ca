#include "tests/workload/role_presets.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/simulation/helpers.hpp"

namespace agentsim {
namespace {

TEST_CASE("every role file runs, and its sessions account for their time") {
  // Given three sessions of each on one GPU, then all end, and the parts of their paths add up (I8 is a
  // contract of the run).
  for (const auto& [file, root] : workload::kPresets) {
    CAPTURE(file);
    const Files files = run_text(
        fmt::format("workload: {{source: roles, sessions: 3, roles: {{file: {}, root: {}}}, "
                    "arrival: {{kind: people, people: 1, agents: 3}}}}\n"
                    "resources: {{search_api: {{rate: 20/s}}, reviewer: {{servers: 1, per_person: true}}}}\n"
                    "deployment: {{model: llama_3_1_8b, precision: {{weights: fp8, kv: fp8}}, replicas: 1}}\n"
                    "platforms: [hgx_h100_x1]\nreporting: {{warm_up: 0, sample_interval: 1 h}}\n",
                    file, root));
    const Table sessions(files.at("sessions.csv"));
    CHECK(sessions.size() == 3);
    CHECK(sessions.sum("calls") >= 3);
    CHECK(sessions.sum("calls") + sessions.sum("cancelled_calls") <=
          summary(files)["planned_calls"].get<double>());
  }
}

TEST_CASE("a person with several agents is waited for in the preset of the super individual") {
  const Files files =
      run_files("scenarios/super_individual.yaml",
                {"workload.sessions=12", "workload.arrival.people=1", "platforms=[hgx_h100_x1]",
                 "deployment.model=llama_3_1_8b", "deployment.tp=1", "reporting.sample_interval=1h"});
  const Files alone =
      run_files("scenarios/super_individual.yaml",
                {"workload.sessions=12", "workload.arrival.people=1", "platforms=[hgx_h100_x1]",
                 "deployment.model=llama_3_1_8b", "deployment.tp=1", "reporting.sample_interval=1h",
                 "resources.reviewer.servers=1000"});
  const Table with_one(files.at("sessions.csv")), with_many(alone.at("sessions.csv"));
  CHECK(with_one.sum("human_s") > 1.2 * with_many.sum("human_s"));
}

TEST_CASE("the mixed factory runs with several kinds of sessions") {
  const Files files = run_files("scenarios/mixed_factory.yaml",
                                {"workload.sessions=40", "platforms=[hgx_h100_x1]",
                                 "deployments.large.model=llama_3_1_8b", "reporting.sample_interval=1h"});
  const Table sessions(files.at("sessions.csv"));
  CHECK(sessions.size() == 40);
  double single = 0;
  for (size_t row = 0; row < sessions.size(); ++row) single += sessions.at(row, "calls") == 1 ? 1 : 0;
  CHECK(single > 0);
  CHECK(sessions.sum("agents") > 40);
}

}  // namespace
}  // namespace agentsim
