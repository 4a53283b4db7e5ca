#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace agentsim {

// A promise of the simulator itself was broken: a bug of ours, never the user's mistake. Exit status 1.
class ContractViolation : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// The run could not be finished for a reason outside the input (full disk, unreadable file). Exit status 1.
class RunError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace agentsim

// Checked in every build type: a wrong number is worse than a slow one. The message names the invariant
// ("I2: used 40 + free 25 != total 64") and is formatted only when the check fails.
#define AGENTSIM_CONTRACT(condition, ...)                                            \
  do {                                                                               \
    if (!(condition)) throw ::agentsim::ContractViolation(fmt::format(__VA_ARGS__)); \
  } while (false)
