#pragma once

#include <string>
#include <vector>

#include "analysis/fitting/role_fit.hpp"

namespace agentsim::fitting {

// The YAML of a role file. The first `roots` roles are a session's root agent by the number of their agents,
// under the mix `session`.
std::string roles_text(const std::vector<FittedRole>& roles, size_t roots);

}  // namespace agentsim::fitting
