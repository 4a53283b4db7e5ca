#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"
#include "sim/model/engine.hpp"
#include "sim/model/llm.hpp"

namespace agentsim::model {

// A model on a set of replicas behind a router.
struct Deployment {
  LLM llm;
  Precision precision;
  int64_t tp = 1;         // GPUs of a replica
  int64_t replicas = 0;   // 0: as many as the platform holds
  int64_t kv_blocks = 0;  // of a replica; 0: computed
  std::string load_weights = "off";
  Engine engine;
  std::string router = "least_outstanding";
  std::string scheduler = "fcfs";
};

// "fill" or a number.
struct ReplicaCount {
  int64_t& count;
};
void parse(const config::Value& value, ReplicaCount& replicas, Diagnostics& diagnostics);
nlohmann::ordered_json dump_json(const ReplicaCount& replicas);

// The keys that stand in the scenario itself; `model` and `engine` name files and are read by
// load_deployment.
template <class Visitor>
void describe(Visitor& v, Deployment& d) {
  using config::Bounds;
  v.known("model");
  v.known("engine");
  v.section("precision", d.precision, "data types");
  v.field("tp", d.tp, Bounds{1, 1024}, "tensor-parallel GPUs of a replica");
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
