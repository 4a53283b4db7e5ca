#pragma once

#include <string>
#include <vector>

#include "sim/model/deployment.hpp"
#include "sim/model/layer_time.hpp"

namespace agentsim::model {

// Layers that follow each other on the same GPUs.
struct Stage {
  std::vector<LayerRun> kinds;  // each kind of layer once, with how many there are
  int64_t layers = 0;
  bool is_first = true;  // has the embedding
  bool is_last = true;   // has the head
};

// As many layers for each stage as possible; what is left over goes to the last but one and those before it, as vLLM
// does it, because the last has the head.
std::vector<Stage> stages(const LLM& llm, int64_t pp);

// How the layers of a deployment are cut within a stage.
Cut cut_of(const Deployment& deployment);

// Why the model cannot be laid over the GPUs of a replica as the deployment asks, one sentence each.
std::vector<std::string> layout_mistakes(const Deployment& deployment);

}  // namespace agentsim::model
