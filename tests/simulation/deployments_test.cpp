#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "tests/simulation/helpers.hpp"

namespace agentsim {
namespace {

std::string scenario(const std::string& deployments, const std::string& roles_more = "",
                     const std::string& platforms = "[hgx_h100_x1]") {
  return fmt::format(
      "workload:\n  sessions: 6\n  source: roles\n  roles:\n    root: boss\n    file:\n      roles:\n"
      "        boss: {{first_prompt: 300, steps_per_turn: 3, new_tokens: 50, output: 40, spawn: [{{role: "
      "help, "
      "probability: 1, count: 2}}]{}}}\n"
      "        help: {{first_prompt: 200, steps_per_turn: 2, new_tokens: 50, output: 30, returns: 20}}\n"
      "  arrival: {{kind: closed, concurrency: 3}}\n{}\nplatforms: {}\n"
      "reporting: {{sample_interval: 1 s, warm_up: 0}}\n",
      roles_more, deployments, platforms);
}

const char* const kBigAndSmall =
    "deployments:\n"
    "  big: {model: llama_3_3_70b, precision: {weights: fp8, kv: fp8}, tp: 4, replicas: 1}\n"
    "  small: {model: llama_3_1_8b, router: session_affinity, roles: [help]}\n";

std::string mistakes_of(const std::string& yaml) {
  try {
    run_text(yaml);
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

TEST_CASE("one deployment under a name gives what it gives without") {
  const std::string map = "{model: llama_3_1_8b, tp: 2, replicas: 2, router: session_affinity}";
  const Files alone = run_text(scenario("deployment: " + map));
  const Files named = run_text(scenario("deployments: {only: " + map + "}"));
  for (const auto& [name, text] : alone) {
    CAPTURE(name);
    CHECK(named.at(name) == text);
  }
}

TEST_CASE("agents are served by the deployment of their role, and the last one fills the platform") {
  // Given eight GPUs, of which the first model takes four, then four replicas of the second are left.
  const Files files = run_text(scenario(kBigAndSmall));
  const Table calls(files.at("calls.csv"));
  std::set<double> of_boss, of_help;
  for (size_t row = 0; row < calls.size(); ++row)
    (calls.at(row, "agent") == 0 ? of_boss : of_help).insert(calls.at(row, "replica"));
  CHECK(of_boss == std::set<double>{0});
  CHECK(*of_help.begin() >= 1);
  CHECK(*of_help.rbegin() <= 4);
  CHECK(of_help.size() > 1);
  CHECK(summary(files)["replicas"] == 5);
  CHECK(summary(files)["gpus_used"] == 8);
  // A token of the large model takes longer.
  double big = 0, small = 0;
  for (size_t row = 0; row < calls.size(); ++row)
    (calls.at(row, "agent") == 0 ? big : small) += calls.at(row, "tpot_s");
  CHECK(big / 18.0 > small / 48.0);
}

TEST_CASE("a role that picks a deployment is served by it whatever the deployments say") {
  const Files files = run_text(scenario(kBigAndSmall, ", deployment: small"));
  const Table calls(files.at("calls.csv"));
  for (size_t row = 0; row < calls.size(); ++row) CHECK(calls.at(row, "replica") >= 1);
}

TEST_CASE("a platform changes deployments by name") {
  const Files files = run_text(scenario(
      kBigAndSmall, "", "[{label: few, platform: hgx_h100_x1, deployments: {small: {replicas: 2}}}]"));
  CHECK(summary(files)["replicas"] == 3);
  CHECK(summary(files)["gpus_used"] == 6);
}

TEST_CASE("mistakes about several deployments are told") {
  const std::string model = "model: llama_3_1_8b";
  const auto told = [](const std::string& yaml, const std::string& words) {
    const std::string mistakes = mistakes_of(yaml);
    CAPTURE(mistakes);
    CHECK(mistakes.find(words) != std::string::npos);
  };
  told(scenario("deployments: {a: {" + model + "}, b: {" + model + "}}"),
       "deployment 'a' wants a number of replicas: only the last one can fill what is left");
  told(scenario("deployments: {a: {" + model + ", replicas: 6}, b: {" + model + ", replicas: 3}}"),
       "deployment 'b' does not fit: 2 of the 8 GPUs of 'hgx_h100_x1' are left for it, and 3 are needed");
  told(scenario("deployments: {a: {" + model + ", replicas: 1}, b: {" + model + ", tp: 2}}"),
       "deployment 'b' would begin at GPU 1");
  told(scenario("deployments: {a: {" + model + ", roles: [hlep]}}"),
       "deployment 'a' is for the role 'hlep', which no session has, did you mean 'help'?");
  told(scenario("deployments: {big: {" + model + "}}", ", deployment: bgi"),
       "an agent calls the deployment 'bgi', which 'deployments' lacks");
  told(scenario("deployments: {a: {" + model + "}}\ndeployment: {" + model + "}"),
       "'deployments' stands beside 'deployment': one of them is too many");
  told(scenario("deployments: []"), "'deployments' wants a map from names to deployments");
}

}  // namespace
}  // namespace agentsim
