#pragma once

#include <string>

#include "sim/platform/node.hpp"

namespace agentsim::topology {

// A node's devices and cables for graphviz.
std::string dot(const platform::Node& node);
// The same as a picture: devices in one row a kind, cables as lines whose width grows with their bandwidth.
std::string svg(const platform::Node& node);

}  // namespace agentsim::topology
