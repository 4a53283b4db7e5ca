#include "sim/model/deployment.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/config/library.hpp"

namespace agentsim::model {

void parse(const config::Value& value, ReplicaCount& replicas, Diagnostics& diagnostics) {
  if (value.is_scalar() && value.scalar() == "fill") {
    replicas.count = 0;
    return;
  }
  double count = 0.0;
  if (!config::read_quantity(value, "replicas", Dimension::number, {1, 1e6}, count, diagnostics)) return;
  if (count == std::floor(count))
    replicas.count = static_cast<int64_t>(count);
  else
    diagnostics.add(value.mistake("'replicas' wants a whole number, not " + value.scalar()));
}

nlohmann::ordered_json dump_json(const ReplicaCount& replicas) {
  if (replicas.count == 0) return "fill";
  return replicas.count;
}

namespace {

// What serves where a scenario names no engine; it stands in the manifest.
constexpr const char* kDefaultEngine = "vllm_v1";

// `engine: vllm_v1`, or a map of settings with an optional `preset` that it is laid over.
void load_engine(const config::Value& word_or_map, Engine& out, Diagnostics& diagnostics) {
  config::Value map;
  if (!word_or_map.is_map()) {
    if (!config::Library::load(word_or_map, "engine", "platforms/engines", map, diagnostics)) return;
    config::read_map(map, "the engine", out, diagnostics);
    return;
  }
  if (const config::Value* preset = word_or_map.find("preset")) load_engine(*preset, out, diagnostics);
  config::Reader reader(word_or_map, "the engine", diagnostics);
  reader.known("preset");
  describe(reader, out);
  reader.finish();
}

}  // namespace

void load_deployment(const config::Value& map, const std::vector<std::string>& routers,
                     const std::vector<std::string>& schedulers, Deployment& out, Diagnostics& diagnostics) {
  if (const config::Value* llm = map.find("model")) {
    try {
      out.llm = load_llm(*llm);
    } catch (const ConfigError& error) {
      for (const Diagnostic& d : error.diagnostics()) diagnostics.add(d);
    }
  } else if (map.is_map()) {
    diagnostics.add(map.mistake("the deployment lacks the key 'model'"));
  }
  const config::Value* precision = map.find("precision");
  if (precision == nullptr || precision->find("weights") == nullptr)
    out.precision = Precision::of(out.llm.quantisation);
  config::Reader reader(map, "the deployment", diagnostics);
  describe(reader, out);
  reader.choice("router", out.router, routers, "chooses the replica of a call");
  reader.choice("scheduler", out.scheduler, schedulers, "orders the calls of a replica");
  reader.finish();
  const config::Value* engine = map.find("engine");
  load_engine(engine != nullptr ? *engine : config::Value::parse(kDefaultEngine, "engine"), out.engine,
              diagnostics);
}

}  // namespace agentsim::model
