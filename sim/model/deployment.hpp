#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"
#include "sim/model/engine.hpp"
#include "sim/model/llm.hpp"

namespace agentsim::model {

// Tokens that are guessed and then checked by the model in one step (speculative decoding, multi-token prediction).
struct Speculation {
  int64_t tokens = 0;       // guessed for each step; 0: none
  double acceptance = 0.7;  // chance that a guess holds, if those before it did
  std::string draft = "mtp";
  LLM draft_llm;  // what guesses; no layers: guessing is free

  // Tokens that a step gives on average: 1 + a + a^2 + ... + a^k.
  double tokens_per_step() const;
};

// A model on a set of replicas behind a router.
struct Deployment {
  LLM llm;
  Precision precision;
  int64_t tp = 1;             // GPUs of a stage
  int64_t pp = 1;             // stages of a replica
  int64_t micro_batches = 0;  // that a step is cut into; 0: pp
  int64_t ep = 1;             // parts of a stage that share out the routed experts
  int64_t dp_attention = 1;   // groups of a stage, each with sequences of its own
  double expert_skew = 1.0;   // tokens of the busiest expert over the mean
  std::string all_reduce = "bf16";
  std::string kernels = "fitted";
  Speculation speculation;
  int64_t replicas = 0;   // 0: as many as the platform holds
  int64_t kv_blocks = 0;  // of a replica; 0: computed
  std::string load_weights = "off";
  Engine engine;
  std::string router = "least_outstanding";
  std::string scheduler = "fcfs";

  int64_t gpus() const { return tp * pp; }  // of a replica
  // Tokens travel to their experts and back, because no GPU has those of all.
  bool exchanges_tokens() const { return dp_attention > 1 && ep > 1; }
};

// "fill" or a number.
struct ReplicaCount {
  int64_t& count;
};
void parse(const config::Value& value, ReplicaCount& replicas, Diagnostics& diagnostics);
nlohmann::ordered_json dump_json(const ReplicaCount& replicas);

template <class Visitor>
void describe(Visitor& v, Speculation& s) {
  v.field("tokens", s.tokens, config::Bounds{0, 64}, "guessed for each step; 0: none");
  v.field("acceptance", s.acceptance, Dimension::number, config::kFraction,
          "chance that a guess holds, if those before it did");
  v.field("draft", s.draft, "what guesses: mtp (a layer of the model), ngram (free) or a model");
}

// The keys that stand in the scenario itself; `model` and `engine` name files and are read by
// load_deployment.
template <class Visitor>
void describe(Visitor& v, Deployment& d) {
  using config::Bounds;
  v.known("model");
  v.known("engine");
  v.section("precision", d.precision, "data types");
  v.field("tp", d.tp, Bounds{1, 1024}, "tensor-parallel GPUs of a stage");
  v.field("pp", d.pp, Bounds{1, 1024}, "pipeline stages of a replica, each on tp GPUs");
  v.field("micro_batches", d.micro_batches, Bounds{1, 1024},
          "parts of a step that are in the stages at once; absent: pp");
  v.field("ep", d.ep, Bounds{1, 1024}, "parts of a stage that share out the experts; divides tp");
  v.field("dp_attention", d.dp_attention, Bounds{1, 1024},
          "groups of a stage that attend to sequences of their own; divides tp");
  v.field("expert_skew", d.expert_skew, Dimension::number, Bounds{1, 1000},
          "tokens of the busiest expert over the mean");
  v.choice("all_reduce", d.all_reduce, {"bf16", "fp8", "int8"}, "type in which sums of activations travel");
  v.choice("kernels", d.kernels, {"fitted", "tables"},
           "by the GPU's curves, or by what was measured, interpolated");
  v.section("speculation", d.speculation, "guessed tokens that a step checks");
  ReplicaCount replicas{d.replicas};
  v.value("replicas", replicas, "how many, or fill");
  v.field("kv_blocks", d.kv_blocks, Bounds{1, 1e12},
          "KV blocks of a replica; absent: computed from the memory");
  v.choice("load_weights", d.load_weights, {"off", "host", "network", "storage"},
           "whence each GPU's part of the weights travels before a replica serves; off: they are there");
}

// Reads the deployment map of a scenario with the model and engine files it names. `routers` and `schedulers`
// are the registered names. All mistakes go to the diagnostics.
void load_deployment(const config::Value& map, const std::vector<std::string>& routers,
                     const std::vector<std::string>& schedulers, Deployment& out, Diagnostics& diagnostics);

}  // namespace agentsim::model
