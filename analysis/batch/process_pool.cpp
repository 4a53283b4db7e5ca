#include "analysis/batch/process_pool.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <new>

#include "sim/base/contract.hpp"
#include "sim/base/diagnostic.hpp"
#include "sim/simulation.hpp"

namespace agentsim::batch {
namespace {

volatile sig_atomic_t was_signalled = 0;

void note_interrupt(int) {
  was_signalled = 1;
}

// Holds SIGINT and SIGTERM back except while the pool waits, so that none is lost between a look and a wait.
class Signals {
 public:
  Signals() {
    was_signalled = 0;
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : kSignals) sigaddset(&held, signal);
    sigprocmask(SIG_BLOCK, &held, &mask_);
    struct sigaction action = {};
    action.sa_handler = note_interrupt;
    for (size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], nullptr, &old_[i]);
      if (old_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
    }
  }
  ~Signals() { restore(); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  const sigset_t& while_waiting() const { return mask_; }

  // For a child: a Ctrl-C of the terminal is the parent's to answer.
  void become_child() const {
    restore();
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGTERM, SIG_DFL);
    ::signal(SIGPIPE, SIG_IGN);
  }

 private:
  static constexpr std::array<int, 2> kSignals{SIGINT, SIGTERM};

  void restore() const {
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &old_[i], nullptr);
    sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }

  sigset_t mask_;
  std::array<struct sigaction, 2> old_;
};

// What a child says before it ends: a kind, then the text of its mistake.
enum class Message : char {
  config_error = 'c',
  contract_violation = 'v',
  run_error = 'r',
  interrupted = 'i'
};

std::string message(Message kind, const std::string& text) {
  return static_cast<char>(kind) + text;
}

// "" if the work ended well.
std::string outcome(const std::function<void()>& work) {
  try {
    work();
    return "";
  } catch (const ConfigError& error) {
    return message(Message::config_error, error.what());
  } catch (const ContractViolation& error) {
    return message(Message::contract_violation, error.what());
  } catch (const Interrupted& error) {
    return message(Message::interrupted, error.what());
  } catch (const std::bad_alloc&) {
    return message(Message::run_error, "out of memory");
  } catch (const std::exception& error) {
    return message(Message::run_error, error.what());
  }
}

[[noreturn]] void run_child(const Job& job, int pipe, pid_t parent) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  if (::getppid() != parent) ::_exit(1);
  const std::string text = outcome(job.work);
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t bytes = ::write(pipe, text.data() + sent, text.size() - sent);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) break;
    sent += static_cast<size_t>(bytes);
  }
  ::_exit(text.empty() ? 0 : 1);
}

Ending ending_of(const std::string& text, int status) {
  using Kind = Ending::Kind;
  if (WIFSIGNALED(status))
    return {Kind::killed,
            fmt::format("ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)))};
  if (text.empty() && WEXITSTATUS(status) == 0) return {};
  if (text.empty())
    return {Kind::killed, fmt::format("ended with status {} and no message", WEXITSTATUS(status))};
  const std::string words = text.substr(1);
  switch (static_cast<Message>(text.front())) {
    case Message::config_error:
      return {Kind::config_error, words};
    case Message::contract_violation:
      return {Kind::contract_violation, words};
    case Message::interrupted:
      return {Kind::interrupted, words};
    case Message::run_error:
      break;
  }
  return {Kind::run_error, words};
}

class Pool {
 public:
  Pool(const std::vector<Job>& jobs, const OnEnding& on_ending) : jobs_(jobs), on_ending_(on_ending) {
    for (size_t job = 0; job < jobs.size(); ++job) waiting_.push_back(job);
  }
  ~Pool() {
    for (const Child& child : children_) ::kill(child.pid, SIGKILL);
    for (const Child& child : children_) reap(child);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void run(size_t at_most) {
    while (!waiting_.empty() || !children_.empty()) {
      while (children_.size() < at_most && !waiting_.empty()) {
        const size_t job = waiting_.front();
        waiting_.pop_front();
        start(job);
      }
      wait();
    }
  }

 private:
  struct Child {
    pid_t pid;
    int pipe;
    size_t job;
    std::string text;
  };

  void start(size_t job) {
    int ends[2];
    if (::pipe(ends) != 0)
      throw RunError(fmt::format("{}: no pipe: {}", jobs_[job].name, std::strerror(errno)));
    std::fflush(nullptr);  // what stands in a buffer would be written twice
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      signals_.become_child();
      run_child(jobs_[job], ends[1], parent);
    }
    const int error = errno;
    ::close(ends[1]);
    if (pid < 0) {
      ::close(ends[0]);
      throw RunError(fmt::format("{}: no process: {}", jobs_[job].name, std::strerror(error)));
    }
    children_.push_back({pid, ends[0], job, ""});
  }

  // Waits for words or ends of children, and for signals.
  void wait() {
    std::vector<pollfd> pipes;
    for (const Child& child : children_) pipes.push_back({child.pipe, POLLIN, 0});
    const int ready = ::ppoll(pipes.data(), pipes.size(), nullptr, &signals_.while_waiting());
    if (was_signalled != 0) throw Interrupted();
    if (ready <= 0) return;
    for (size_t i = pipes.size(); i-- > 0;)
      if (pipes[i].revents != 0) listen(i);
  }

  void listen(size_t index) {
    std::array<char, 4096> buffer;
    const ssize_t bytes = ::read(children_[index].pipe, buffer.data(), buffer.size());
    if (bytes > 0) children_[index].text.append(buffer.data(), static_cast<size_t>(bytes));
    if (bytes > 0 || (bytes < 0 && errno == EINTR)) return;
    const Child child = children_[index];
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
    if (on_ending_(child.job, ending_of(child.text, reap(child)))) waiting_.push_back(child.job);
  }

  static int reap(const Child& child) {
    ::close(child.pipe);
    int status = 0;
    while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }

  const std::vector<Job>& jobs_;
  const OnEnding& on_ending_;
  Signals signals_;
  std::vector<Child> children_;
  std::deque<size_t> waiting_;
};

}  // namespace

const char* name(Ending::Kind kind) {
  switch (kind) {
    case Ending::Kind::done:
      return "done";
    case Ending::Kind::config_error:
      return "config_error";
    case Ending::Kind::contract_violation:
      return "contract_violation";
    case Ending::Kind::run_error:
      return "run_error";
    case Ending::Kind::interrupted:
      return "interrupted";
    case Ending::Kind::killed:
      return "killed";
  }
  return "killed";
}

void raise(const std::string& job, const Ending& ending) {
  switch (ending.kind) {
    case Ending::Kind::done:
      return;
    case Ending::Kind::config_error:
      throw ConfigError(ending.words);
    case Ending::Kind::contract_violation:
      throw ContractViolation(fmt::format("{}: {}", job, ending.words));
    case Ending::Kind::interrupted:
      throw Interrupted();
    case Ending::Kind::run_error:
    case Ending::Kind::killed:
      break;
  }
  throw RunError(fmt::format("{}: {}", job, ending.words));
}

void run_each(const std::vector<Job>& jobs, size_t at_most, const OnEnding& on_ending) {
  Pool(jobs, on_ending).run(std::max<size_t>(1, at_most));
}

void run_jobs(const std::vector<Job>& jobs, size_t at_most, const OnJobEnd& on_end) {
  size_t ended = 0;
  run_each(jobs, at_most, [&](size_t job, const Ending& ending) {
    raise(jobs[job].name, ending);
    ++ended;
    if (on_end) on_end(ended, jobs.size());
    return false;
  });
}

}  // namespace agentsim::batch
