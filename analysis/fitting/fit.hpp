#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/fitting/measures.hpp"
#include "analysis/fitting/role_fit.hpp"

namespace agentsim::fitting {

// Recorded sessions, with the names of their agents' roles.
struct Load {
  std::vector<SessionFacts> sessions;
  std::vector<std::string> roles;

  std::vector<const SessionFacts*> all() const;
  uint64_t agents() const;
  uint64_t calls() const;
};

// Reads a file of plans (plan_jsonl). Throws ConfigError: with the lines that are wrong, or if it holds fewer
// than 20 sessions.
Load read_load(const std::string& path);

struct Fit {
  std::vector<FittedRole> roles;
  size_t roots = 0;  // the first roles, chosen by weight
  std::string text;  // the YAML of the role file
  std::vector<Difference> differences;

  size_t outside() const;  // differences beyond their limit
};

struct FitOptions {
  size_t classes = 0;  // of sessions; 0: as the fit regenerates percentiles best
  uint64_t seed = 1;
  size_t regenerated = 4000;  // sessions that are drawn and compared
};

// Fits roles to sessions, at least 20. `names` are those of the plans' roles.
Fit fit(const std::vector<const SessionFacts*>& sessions, const std::vector<std::string>& names,
        const FitOptions& options);

// Sessions drawn from a role file's text.
std::vector<SessionFacts> regenerate(const std::string& text, const std::string& root, size_t sessions,
                                     uint64_t seed);

}  // namespace agentsim::fitting
