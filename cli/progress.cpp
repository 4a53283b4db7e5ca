#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include "sim/base/units.hpp"

namespace agentsim::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;
bool shown = false;

void on_signal(int) {
  interrupted = 1;
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

Progress make_progress(bool quiet) {
  using Clock = std::chrono::steady_clock;
  const bool show = !quiet && ::isatty(STDERR_FILENO) == 1;
  const auto start = Clock::now();
  return
      [show, start, last = start](double now_s, uint64_t ended, uint64_t sessions, uint64_t events) mutable {
        const auto now = Clock::now();
        if (show && now - last > std::chrono::milliseconds(200)) {
          last = now;
          const double spent_s = std::chrono::duration<double>(now - start).count();
          const double share = static_cast<double>(ended) / static_cast<double>(sessions);
          const std::string left = share > 0.02 ? pretty_time(spent_s / share - spent_s) + " left" : "";
          fmt::print(stderr, "\r\033[K{} simulated, {} of {} sessions, {} events/s, {}", pretty_time(now_s),
                     ended, sessions, pretty_count(static_cast<double>(events) / spent_s), left);
          std::fflush(stderr);
          shown = true;
        }
        return interrupted == 0;
      };
}

void clear_progress() {
  if (!shown) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  shown = false;
}

}  // namespace agentsim::cli
