#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "analysis/steps/bounds.hpp"
#include "sim/model/kv_capacity.hpp"
#include "sim/model/step_time.hpp"
#include "sim/platform/cluster.hpp"

namespace agentsim::steps {

// Sequences with one context each, and chunks of prompts.
struct StepRequest {
  struct Decode {
    int64_t sequences = 0;
    double context = 0.0;  // tokens before the new one
  };
  std::vector<Decode> decode;
  std::vector<model::Chunk> chunks;  // each ends its prompt
};

// One part of a step: a kernel, the host or a collective.
struct StepPart {
  std::string name;
  std::string kind;  // kernel, host, collective, launch
  double count = 0.0;
  Bounds total;  // of all together; the others have seconds only
};

// The time of one step of a replica alone on its links. The parts are those of one whole pass: with pipeline stages of the
// largest micro-batch on its way through all of them, with speculation of the check and the passes of the draft.
struct StepReport {
  std::string title;
  double seconds = 0.0;  // of a step: what the simulation takes for a token of each decoding sequence
  double tokens = 0.0;   // that it computes
  std::vector<StepPart> parts;
  double pass_s = 0.0;     // sum of the parts
  double compute_s = 0.0;  // of it, in kernels that compute binds, without their launch
  double memory_s = 0.0;   // the same of memory
  double launch_s = 0.0;
  double host_s = 0.0;
  double collectives_s = 0.0;
  std::string binds;  // the largest of these
  int64_t micro_batches = 1;
  double tokens_per_pass = 1.0;  // with speculation
  model::KVCapacity kv;
};

// Of a replica on the first GPUs of a cluster. Throws ConfigError if the layout does not fit the model or the cluster.
StepReport step_report(const platform::Cluster& cluster, const model::Deployment& deployment,
                       const StepRequest& request);

std::string text(const StepReport& report);
nlohmann::ordered_json to_json(const StepReport& report);

}  // namespace agentsim::steps
