#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "analysis/steps/step_report.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/platform_word.hpp"
#include "sim/scenario.hpp"

namespace agentsim::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  agentsim step --model llama_3_3_70b --platform hgx_h100_x1 --tp 4 --precision fp8 --decode 64@4096
  agentsim step --model llama_3_1_8b --gpu rtx_pro_6000_server --prefill 2048@0 --prefill 512@8000 --decode 16@1000
  agentsim step --model deepseek_v3 --platform hgx_h200_x1 --tp 8 --set dp_attention=8 --set ep=8 --decode 256@2000
  agentsim step --model qwen3_32b --platform rtx_pro_6000_pcie_x1 --set pp=4 --decode 64@4096 --json

A step is one forward pass of a replica. --set changes any key of a deployment: pp, ep, dp_attention, micro_batches,
all_reduce, speculation.tokens, engine.token_budget and so on.
)";

struct Options {
  std::string model, platform, gpu, precision, cache, engine = "vllm_v1";
  int64_t tp = 1;
  std::vector<std::string> decode, prefill, settings;
};

double number(const std::string& text, const std::string& option, const std::string& whole) {
  const std::optional<double> value = parse_number(text);
  if (!value || *value < 0.0 || *value != std::floor(*value) || *value > 1e9)
    throw ConfigError(
        fmt::format("{} {}: '{}' is no whole number of tokens or sequences", option, whole, text));
  return *value;
}

// "64@4096", or "2048" with nothing behind it.
std::pair<double, double> pair(const std::string& text, const std::string& option) {
  const size_t at = text.find('@');
  const double first = number(text.substr(0, at), option, text);
  if (first < 1.0) throw ConfigError(fmt::format("{} {}: wants at least 1 before the @", option, text));
  return {first, at == std::string::npos ? 0.0 : number(text.substr(at + 1), option, text)};
}

model::Deployment deployment_of(const Options& o) {
  config::Value map = config::Value::parse("{tp: " + std::to_string(o.tp) + "}", "--set");
  const auto set = [&](const char* key, const char* option, const std::string& word) {
    if (!word.empty()) map.set(config::Value::parse(key, option), config::Value::parse(word, option));
  };
  set("model", "--model", o.model);
  set("engine.preset", "--engine", o.engine);
  set("precision.weights", "--precision", o.precision);
  set("precision.kv", "--kv", o.cache);
  for (const std::string& setting : o.settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      throw ConfigError(fmt::format("--set {}: wants key=value, such as pp=2", setting));
    map.set(setting.substr(0, equals), setting.substr(equals + 1));
  }
  Diagnostics diagnostics;
  model::Deployment d = read_deployment(map, diagnostics);
  diagnostics.throw_if_any();
  return d;
}

steps::StepRequest request_of(const Options& o) {
  steps::StepRequest request;
  for (const std::string& text : o.decode) {
    const auto [sequences, context] = pair(text, "--decode");
    request.decode.push_back({static_cast<int64_t>(sequences), context});
  }
  for (const std::string& text : o.prefill) {
    const auto [tokens, cached] = pair(text, "--prefill");
    request.chunks.push_back({tokens, cached});
  }
  if (request.decode.empty() && request.chunks.empty())
    throw ConfigError("a step wants something to do: --decode 64@4096, --prefill 2048@0 or both");
  return request;
}

void step(const Options& o, bool json) {
  if (o.platform.empty() && o.gpu.empty())
    throw ConfigError("step wants --platform NAME, --gpu NAME or both");
  const model::Deployment deployment = deployment_of(o);
  if (o.platform.empty() && deployment.gpus() > 1)
    throw ConfigError(
        fmt::format("a replica of {} GPUs wants links: name a --platform, see agentsim list platforms",
                    deployment.gpus()));
  const steps::StepReport report =
      steps::step_report(load_platform(o.platform, o.gpu), deployment, request_of(o));
  fmt::print("{}", json ? steps::to_json(report).dump(2) + "\n" : steps::text(report));
}

}  // namespace

void add_step(CLI::App& app, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand("step", "The time of one forward pass, and where it goes");
  const auto o = std::make_shared<Options>();
  sub->add_option("--model", o->model, "a model: a name, a file or a config.json")
      ->required()
      ->type_name("NAME");
  sub->add_option("--platform,--node", o->platform, "a cluster or a node: a name or a file")
      ->type_name("NAME");
  sub->add_option("--gpu", o->gpu, "the GPU instead of the platform's, or one alone")->type_name("NAME");
  sub->add_option("--tp", o->tp, "GPUs of a stage")->type_name("N")->check(CLI::Range(1, 1024));
  sub->add_option("--precision", o->precision, "type of the weights (default: as published)")
      ->type_name("TYPE");
  sub->add_option("--kv", o->cache, "type of the KV cache (default: bf16)")->type_name("TYPE");
  sub->add_option("--engine", o->engine, "serving engine (default: vllm_v1)")->type_name("NAME");
  sub->add_option("--decode", o->decode, "sequences with one new token each @ tokens before it (repeatable)")
      ->type_name("N@CONTEXT")
      ->take_all()
      ->expected(1);
  sub->add_option("--prefill", o->prefill,
                  "new tokens of a prompt @ tokens that are cached already (repeatable)")
      ->type_name("TOKENS@CACHED")
      ->take_all()
      ->expected(1);
  sub->add_option("--set", o->settings, "change a key of the deployment: key=value (repeatable)")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->expected(1);
  sub->add_flag("--json", arguments.json, "print JSON");
  sub->footer(kExamples);
  sub->callback([&arguments, o] { step(*o, arguments.json); });
}

}  // namespace agentsim::cli
