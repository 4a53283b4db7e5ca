#include <CLI/CLI.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace agentsim::cli {
void add_compare(CLI::App&, Arguments&) {}
}  // namespace agentsim::cli
