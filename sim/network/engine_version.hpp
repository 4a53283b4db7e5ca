#pragma once

#include <string>

namespace agentsim::network {

// "3.32" of the SimGrid that is linked.
std::string engine_version();

}  // namespace agentsim::network
