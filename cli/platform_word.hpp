#pragma once

#include <string>

#include "sim/platform/cluster.hpp"

namespace agentsim::cli {

// A platform by name or file: a cluster, or a node by itself. With `gpu` its GPUs are replaced, and without a platform
// there is one of them alone. Throws ConfigError.
platform::Cluster load_platform(const std::string& word, const std::string& gpu = "");

}  // namespace agentsim::cli
