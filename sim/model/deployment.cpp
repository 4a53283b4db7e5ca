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

void parse(const config::Value& value, GraphSizes& graphs, Diagnostics& diagnostics) {
  if (!value.is_list()) {
    diagnostics.add(value.mistake("'graph_sizes' wants a list such as [1, 2, 4, 8]"));
    return;
  }
  graphs.sizes.clear();
  for (const config::Value& item : value.items()) {
    double size = 0.0;
    if (!config::read_quantity(item, "graph_sizes", Dimension::number, {1, 1e6}, size, diagnostics)) return;
    if (size != std::floor(size) ||
        (!graphs.sizes.empty() && size <= static_cast<double>(graphs.sizes.back()))) {
      diagnostics.add(item.mistake("'graph_sizes' wants whole numbers, ascending, not " + item.scalar()));
      return;
    }
    graphs.sizes.push_back(static_cast<int64_t>(size));
  }
}

nlohmann::ordered_json dump_json(const GraphSizes& graphs) {
  return graphs.sizes;
}

double Speculation::tokens_per_step() const {
  double sum = 1.0, chance = 1.0;
  for (int64_t i = 0; i < tokens; ++i) sum += chance *= acceptance;
  return sum;
}

namespace {

// What guesses tokens: one layer of the model with embedding and head of its own, or another model.
void load_draft(const config::Value& map, const LLM& llm, Speculation& speculation,
                Diagnostics& diagnostics) {
  speculation.draft_llm = {};
  if (speculation.tokens == 0 || speculation.draft == "ngram") return;
  if (speculation.draft == "mtp") {
    if (llm.layers == 0) return;  // it could not be read
    speculation.draft_llm = llm;
    LayerRun last = llm.layer_runs().back();
    last.count = 1;
    speculation.draft_llm.runs = {last};
    speculation.draft_llm.layers = 1;
    return;
  }
  try {
    speculation.draft_llm = load_llm(*map.find("speculation")->find("draft"));
  } catch (const ConfigError& error) {
    for (const Diagnostic& d : error.diagnostics()) diagnostics.add(d);
  }
}

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
  load_draft(map, out.llm, out.speculation, diagnostics);
  const config::Value* engine = map.find("engine");
  load_engine(engine != nullptr ? *engine : config::Value::parse(kDefaultEngine, "engine"), out.engine,
              diagnostics);
}

}  // namespace agentsim::model
