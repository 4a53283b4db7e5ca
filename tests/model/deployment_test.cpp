#include "sim/model/deployment.hpp"

#include <doctest/doctest.h>

#include "tests/base/test_folder.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

Deployment load(const std::string& yaml) {
  Deployment d;
  Diagnostics diagnostics;
  load_deployment(config::Value::parse(yaml, "d.yaml"), {"least_outstanding", "random"}, {"fcfs"}, d,
                  diagnostics);
  diagnostics.throw_if_any();
  return d;
}

std::string error(const std::string& yaml) {
  return message_of<ConfigError>([&] { load(yaml); });
}

TEST_CASE("a deployment is read with its model and engine files") {
  const Deployment d = load(
      "{model: qwen3_32b, engine: vllm_v1, tp: 4, replicas: 2, router: random, precision: {weights: fp8}}");
  CHECK(d.llm.name == "qwen3_32b");
  CHECK(d.engine.name == "vllm_v1");
  CHECK(d.engine.host_overhead_s == 1e-3);
  CHECK(d.tp == 4);
  CHECK(d.replicas == 2);
  CHECK(d.router == "random");
  CHECK(d.precision.weights == "fp8");
  CHECK(d.precision.kv == "bf16");
}

TEST_CASE("precision follows the published weights unless the scenario says otherwise") {
  const Precision v3 = load("{model: deepseek_v3}").precision;
  CHECK(v3.weights == "fp8");
  CHECK(v3.activations == "fp8");
  CHECK(load("{model: gpt_oss_20b}").precision.experts_only);
  // Other weights than the published ones: nothing of those is taken.
  const Precision other = load("{model: deepseek_v3, precision: {weights: int4, kv: fp8}}").precision;
  CHECK(other.weights == "int4");
  CHECK(other.activations == "auto");
  CHECK(other.kv == "fp8");
  CHECK_FALSE(load("{model: gpt_oss_20b, precision: {weights: bf16}}").precision.experts_only);
}

TEST_CASE("an engine may be a preset with some settings laid over it") {
  const Deployment d =
      load("{model: qwen3_32b, engine: {preset: vllm_v1, token_budget: 2048, prefix_caching: off}}");
  CHECK(d.engine.token_budget == 2048);
  CHECK_FALSE(d.engine.prefix_caching);
  CHECK(d.engine.host_overhead_s == 1e-3);
  CHECK(d.engine.max_sequences == 256);
}

TEST_CASE("replicas fill the platform or are a whole number from one") {
  CHECK(load("{model: qwen3_32b, replicas: fill}").replicas == 0);
  CHECK(load("{model: qwen3_32b}").replicas == 0);
  CHECK(error("{model: qwen3_32b, replicas: 0}").find("'replicas' must be between 1 and 1e+06, not 0") !=
        std::string::npos);
  CHECK(error("{model: qwen3_32b, replicas: full}").find("'replicas' wants a number, not 'full'") !=
        std::string::npos);
  CHECK(error("{model: qwen3_32b, replicas: 2.5}") ==
        "d.yaml:1:30: 'replicas' wants a whole number, not 2.5\n"
        "    1 | {model: qwen3_32b, replicas: 2.5}\n"
        "      |                              ^~~");
}

TEST_CASE("all mistakes of a deployment and its files are told at once") {
  CHECK(error("model: {name: m}\nprecision: {kv: fp16}\ntp: 0\nrouter: randon\nengine: {token_budgets: 1}\n")
            .find("d.yaml:1:8: the model lacks the key 'layers'\n") == 0);
  const std::string text = error("precision: {kv: fp9}\ntp: 0\nrouter: randon\nengine: {token_budgets: 1}\n");
  CHECK(text ==
        "d.yaml:1:1: the deployment lacks the key 'model'\n"
        "    1 | precision: {kv: fp9}\n"
        "      | ^\n"
        "d.yaml:1:17: unknown kv 'fp9'\n"
        "    1 | precision: {kv: fp9}\n"
        "      |                 ^~~ did you mean 'fp8'?\n"
        "  valid: bf16, fp8, int8, nvfp4\n"
        "d.yaml:2:5: 'tp' must be between 1 and 1024, not 0\n"
        "    2 | tp: 0\n"
        "      |     ^\n"
        "d.yaml:3:9: unknown router 'randon'\n"
        "    3 | router: randon\n"
        "      |         ^~~~~~ did you mean 'random'?\n"
        "  valid: least_outstanding, random\n"
        "d.yaml:4:10: the engine has no key 'token_budgets'\n"
        "    4 | engine: {token_budgets: 1}\n"
        "      |          ^~~~~~~~~~~~~ did you mean 'token_budget'?\n"
        "  valid: block_size, gpu_memory_utilization, host_overhead, host_overhead_per_prompt_token, "
        "host_overhead_per_sequence, max_sequences, name, prefix_caching, preset, provenance, "
        "runtime_reserve, title, "
        "token_budget");
}

}  // namespace
}  // namespace agentsim::model
