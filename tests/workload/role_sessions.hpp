#pragma once

#include <string>

#include "tests/workload/helpers.hpp"

namespace agentsim::workload {

// A workload of roles that are given as text. `more` stands beside them in the role file.
inline std::string sessions_of(const std::string& roles, const std::string& root, int sessions = 1,
                               const std::string& more = "") {
  return "sessions: " + std::to_string(sessions) + "\nsource: roles\nroles: {file: {roles: {" + roles + "}" +
         more + "}, root: " + root + "}\narrival: {kind: closed, concurrency: 1}\n";
}

}  // namespace agentsim::workload
