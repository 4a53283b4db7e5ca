#pragma once

#include <string>
#include <vector>

namespace agentsim::batch {

struct CommandResult {
  int status = 0;  // 127: there is no such program
  std::string out;
  std::string error;  // last line of what it said on stderr
};

// Runs another program, found on the PATH, and waits for it.
CommandResult run_command(const std::vector<std::string>& words);

// A word that a shell takes as it is.
std::string quoted(const std::string& word);

}  // namespace agentsim::batch
