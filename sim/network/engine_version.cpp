#include "sim/network/engine_version.hpp"

#include <fmt/format.h>
#include <xbt/base.h>
// After the macros it needs.
#include <simgrid/version.h>

namespace agentsim::network {

std::string engine_version() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  sg_version_get(&major, &minor, &patch);
  return patch == 0 ? fmt::format("{}.{}", major, minor) : fmt::format("{}.{}.{}", major, minor, patch);
}

}  // namespace agentsim::network
