#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace agentsim::study {

// One piece of work for a process of its own.
struct Job {
  std::string name;            // in messages
  std::function<void()> work;  // leaves its results in files
};

// Called after each job that ended well.
using OnJobEnd = std::function<void(size_t ended, size_t total)>;

// Runs each job in a forked child, at most `at_most` at once, because SimGrid is one simulation a process.
// Call it before any simulation has begun and from the only thread. A child leaves by _exit: no destructor of
// the parent's objects runs twice.
//
// The first job that fails ends all others, and its mistake is raised here: ConfigError with the child's
// words, ContractViolation and RunError with the job's name before them; a child that a signal killed is a
// RunError with the signal. SIGINT or SIGTERM ends the children and throws Interrupted. No child outlives the
// call.
void run_jobs(const std::vector<Job>& jobs, size_t at_most, const OnJobEnd& on_end = {});

}  // namespace agentsim::study
