#pragma once

#include <string>
#include <vector>

#include "analysis/fitting/halves.hpp"

namespace agentsim::fitting {

// What a fit read and made, and how it does.
struct Report {
  std::string path;  // of the plans
  const Load* load = nullptr;
  const Fit* fit = nullptr;
  const FitOptions* options = nullptr;
  std::vector<std::vector<HalfDifference>> halves;  // of each split; may be empty
};

enum class Format { text, markdown, json };
std::string print(const Report& report, Format format);

// The role file: what it was fitted to, how far it is off, and the roles. `note`: a sentence on where the
// plans come from; may be empty.
std::string role_file(const Report& report, const std::string& note);

}  // namespace agentsim::fitting
