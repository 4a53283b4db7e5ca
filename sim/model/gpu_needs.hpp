#pragma once

#include <string>
#include <vector>

#include "sim/model/deployment.hpp"

namespace agentsim::model {

// What a deployment needs and the GPU has not: data types of matrix products and of attention, one sentence each.
std::vector<std::string> gpu_mistakes(const Deployment& deployment, const platform::Accelerator& gpu);

}  // namespace agentsim::model
