#pragma once

#include <string>
#include <vector>

#include "sim/model/collective.hpp"
#include "sim/model/deployment.hpp"
#include "sim/model/llm.hpp"
#include "sim/platform/cluster.hpp"

// The data files of the project by name.
namespace agentsim::model {

inline config::Value word(const std::string& yaml) {
  return config::Value::parse(yaml, "t.yaml");
}
inline platform::Accelerator gpu(const std::string& name) {
  return platform::load_accelerator(word(name));
}
inline platform::Cluster cluster(const std::string& name) {
  return platform::load_cluster(word(name));
}
inline LLM llm(const std::string& name) {
  return load_llm(word(name));
}

// With the streams of KV heads that an engine's steps have.
inline platform::Accelerator served(platform::Accelerator gpu) {
  for (auto& [type, curve] : gpu.efficiency.decode_attention)
    if (curve.served_head_stream_bytes_per_s > 0.0)
      curve.head_stream_bytes_per_s = curve.served_head_stream_bytes_per_s;
  return gpu;
}

inline Deployment deploy(const std::string& yaml) {
  Deployment d;
  Diagnostics diagnostics;
  load_deployment(word(yaml), {"least_outstanding"}, {"fcfs"}, d, diagnostics);
  diagnostics.throw_if_any();
  return d;
}
inline Deployment deployment(const std::string& model, const std::string& weights, const std::string& kv,
                             int64_t tp) {
  return deploy("{model: " + model + ", precision: {weights: " + weights + ", kv: " + kv +
                "}, tp: " + std::to_string(tp) + ", engine: vllm_v1}");
}

// The first GPUs of a cluster.
inline std::vector<int> first_gpus(int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

}  // namespace agentsim::model
