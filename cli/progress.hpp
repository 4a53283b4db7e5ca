#pragma once

#include "sim/simulation.hpp"

namespace agentsim::cli {

// Shows how far a run is, on stderr and only if that is a terminal; and stops it on Ctrl-C.
Progress make_progress(bool quiet);
// Removes the line again.
void clear_progress();
// From now on Ctrl-C and SIGTERM are noticed by Progress instead of ending the process at once.
void catch_interrupts();

}  // namespace agentsim::cli
