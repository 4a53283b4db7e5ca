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
  CHECK(d.engine.host_overhead_s == 2e-5);
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
  CHECK(d.engine.host_overhead_s == 2e-5);
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
        "  valid: block_size, frees_windows, gpu_memory_utilization, graph_sizes, host_overhead, "
        "host_overhead_per_prompt, host_overhead_per_prompt_token, "
        "host_overhead_per_sequence, joint_attention, launch_per_layer, max_sequences, mixed_batches, name, "
        "prefix_caching, "
        "preset, "
        "provenance, "
        "runtime_reserve, title, "
        "token_budget");
}

TEST_CASE("every shipped engine is read and its recorded sizes ascend to no more than it runs at once") {
  for (const char* name :
       {"vllm_2023", "vllm_v0", "vllm_v1", "vllm_v1_dynamo", "sglang", "trt_llm", "trt_llm_dynamo"}) {
    CAPTURE(name);
    const Engine e = load(std::string("{model: qwen3_32b, engine: ") + name + "}").engine;
    CHECK(e.name == name);
    CHECK(e.host_overhead_s + e.host_overhead_per_prompt_s > 0.0);
    CHECK(e.mixed_batches == (e.name != "sglang" && e.name != "vllm_2023"));
    CHECK(e.token_budget >= 2048);
    if (!e.graph_sizes.sizes.empty()) CHECK(e.graph_sizes.sizes.back() <= e.max_sequences);
  }
  CHECK_FALSE(load("{model: qwen3_32b, engine: vllm_v0}").engine.frees_windows);
}

TEST_CASE("recorded sizes are whole numbers, ascending") {
  CHECK(
      error("{model: qwen3_32b, engine: {graph_sizes: [1, 4, 4]}}").find("whole numbers, ascending, not 4") !=
      std::string::npos);
  CHECK(error("{model: qwen3_32b, engine: {graph_sizes: 8}}").find("wants a list such as [1, 2, 4, 8]") !=
        std::string::npos);
  const GraphSizes sizes{{1, 2, 4, 8}};
  CHECK(sizes.filled(3) == 4);
  CHECK(sizes.filled(8) == 8);
  CHECK(sizes.filled(9) == 9);
  CHECK(GraphSizes{}.filled(3) == 3);
}

TEST_CASE("a draft is a layer of the model, another model or nothing") {
  const Deployment mtp = load("{model: deepseek_v3, speculation: {tokens: 1}}");
  CHECK(mtp.speculation.draft_llm.layers == 1);
  CHECK(mtp.speculation.draft_llm.runs.front().experts);
  CHECK(load("{model: llama_3_1_8b, speculation: {tokens: 3, draft: llama_3_2_1b}}")
            .speculation.draft_llm.name == "llama_3_2_1b");
  CHECK(load("{model: llama_3_1_8b, speculation: {tokens: 3, draft: ngram}}").speculation.draft_llm.layers ==
        0);
  CHECK(error("{model: llama_3_1_8b, speculation: {tokens: 3, draft: llama_3_2_1}}")
            .find("unknown model 'llama_3_2_1'") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::model
