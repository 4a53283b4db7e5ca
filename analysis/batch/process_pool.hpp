#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace agentsim::batch {

// One piece of work for a process of its own.
struct Job {
  std::string name;            // in messages
  std::function<void()> work;  // leaves its results in files
};

// How a job ended.
struct Ending {
  // killed: by a signal, or it left without a word
  enum class Kind { done, config_error, contract_violation, run_error, interrupted, killed };
  Kind kind = Kind::done;
  std::string words;
};
// "run_error", for files.
const char* name(Ending::Kind kind);

// Looks at how a job ended, in the parent. True: run it once more, after all that wait. What it throws ends
// all jobs.
using OnEnding = std::function<bool(size_t job, const Ending& ending)>;

// Runs each job in a forked child, at most `at_most` at once, because SimGrid is one simulation a process.
// Call it before any simulation has begun and from the only thread. A child leaves by _exit: no destructor of
// the parent's objects runs twice. It dies with its parent, whatever ends that. SIGINT or SIGTERM ends the
// children and throws Interrupted. No child outlives the call.
void run_each(const std::vector<Job>& jobs, size_t at_most, const OnEnding& on_ending);

// Called after each job that ended well.
using OnJobEnd = std::function<void(size_t ended, size_t total)>;

// The same where all have to end well: the first that fails ends all others, and its mistake is raised here.
void run_jobs(const std::vector<Job>& jobs, size_t at_most, const OnJobEnd& on_end = {});

// Raises a failure: ConfigError with the child's words, ContractViolation and RunError with the job's name
// before them; a child that a signal killed is a RunError with the signal.
void raise(const std::string& job, const Ending& ending);

}  // namespace agentsim::batch
