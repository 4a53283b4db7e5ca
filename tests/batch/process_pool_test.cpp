#include "analysis/batch/process_pool.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "sim/base/contract.hpp"
#include "sim/base/diagnostic.hpp"
#include "sim/base/result_folder.hpp"
#include "sim/base/text_file.hpp"
#include "sim/simulation.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::batch {
namespace {

using workload::TestFolder;

// The kind and the words of what the jobs end in.
std::string end_of(const std::vector<Job>& jobs, size_t at_most = 2) {
  try {
    run_jobs(jobs, at_most);
    return "";
  } catch (const ConfigError& error) {
    return std::string("config: ") + error.what();
  } catch (const ContractViolation& error) {
    return std::string("contract: ") + error.what();
  } catch (const Interrupted& error) {
    return error.what();
  } catch (const RunError& error) {
    return std::string("run: ") + error.what();
  }
}

bool has_children() {
  return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

[[noreturn]] void wait_forever() {
  for (;;) ::pause();
}

// Dies of a signal without leaving a core file or a sanitizer's report.
void die_of(int signal) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::signal(signal, SIG_DFL);
  ::kill(::getpid(), signal);
}

TEST_CASE("every job runs in a process of its own and leaves its file") {
  const TestFolder folder;
  const std::string base = folder.write("a", "");
  std::vector<Job> jobs;
  for (int i = 0; i < 7; ++i)
    jobs.push_back({"job", [&base, i] { write_file(base + std::to_string(i), std::to_string(::getpid())); }});
  std::vector<size_t> ended;
  run_jobs(jobs, 3, [&](size_t done, size_t total) {
    ended.push_back(done);
    CHECK(total == 7);
  });
  CHECK(ended == std::vector<size_t>{1, 2, 3, 4, 5, 6, 7});
  std::set<std::string> processes{std::to_string(::getpid())};
  for (int i = 0; i < 7; ++i) processes.insert(read_text(base + std::to_string(i)));
  CHECK(processes.size() == 8);
  CHECK_FALSE(has_children());
}

TEST_CASE("no more jobs run at once than allowed") {
  // Each job looks whether another one of its kind is at work.
  const TestFolder folder;
  const std::string mark = folder.write("a", "") + "mark";
  const auto work = [&mark] {
    if (std::filesystem::exists(mark)) throw RunError("two at once");
    write_file(mark, "");
    ::usleep(20000);
    std::filesystem::remove(mark);
  };
  CHECK(end_of({{"a", work}, {"b", work}, {"c", work}}, 1) == "");
}

TEST_CASE("the mistake of a child is raised in its parent with the same words") {
  CHECK(end_of({{"a", [] { throw ConfigError("s.yaml:1:2: unknown gpu 'x'\n  valid: y"); }}}) ==
        "config: s.yaml:1:2: unknown gpu 'x'\n  valid: y");
  CHECK(end_of({{"pcie, replication 3", [] { throw ContractViolation("I2: used 40"); }}}) ==
        "contract: pcie, replication 3: I2: used 40");
  CHECK(end_of({{"a", [] { throw RunError("disk full"); }}}) == "run: a: disk full");
  CHECK(end_of({{"a", [] { throw std::out_of_range("at"); }}}) == "run: a: at");
  CHECK(end_of({{"a", [] { throw std::bad_alloc(); }}}) == "run: a: out of memory");
}

TEST_CASE("a long message arrives whole") {
  const std::string text(300000, 'x');
  CHECK(end_of({{"a", [&] { throw ConfigError(text); }}}) == "config: " + text);
}

TEST_CASE("a crashed child is named with its signal") {
  CHECK(end_of({{"fine", [] {}}, {"pcie, replication 2", [] { die_of(SIGSEGV); }}}) ==
        "run: pcie, replication 2: ended by signal 11 (Segmentation fault)");
  CHECK(end_of({{"a", [] { ::_exit(3); }}}) == "run: a: ended with status 3 and no message");
}

TEST_CASE("a failure ends the jobs that run and starts no more") {
  const TestFolder folder;
  const std::string later = folder.write("a", "") + "later";
  CHECK(end_of({{"slow", wait_forever}, {"bad", [] { throw RunError("no"); }}, {"later", [&later] {
                                                                                  write_file(later, "");
                                                                                }}}) == "run: bad: no");
  CHECK_FALSE(std::filesystem::exists(later));
  CHECK_FALSE(has_children());
}

TEST_CASE("an interrupt ends all children and is told as such") {
  const pid_t parent = ::getpid();
  const auto interrupt = [parent] {
    ::kill(parent, SIGINT);
    wait_forever();
  };
  CHECK(end_of({{"a", interrupt}, {"b", wait_forever}}) == "interrupted; nothing was written");
  CHECK_FALSE(has_children());
}

TEST_CASE("signals mean afterwards what they meant before") {
  ::signal(SIGTERM, SIG_IGN);
  CHECK(end_of({{"a", [] {}}}) == "");
  const bool is_ignored = ::signal(SIGTERM, SIG_DFL) == SIG_IGN;
  CHECK(is_ignored);
}

TEST_CASE("a job that is wanted again runs after those that wait") {
  const TestFolder folder;
  const std::string order = folder.write("order", "");
  const auto write = [&order](const char* word) { std::ofstream(order, std::ios::app) << word; };
  std::vector<std::string> endings;
  bool is_first = true;
  run_each({{"a",
             [&] {
               write("a");
               throw RunError("no");
             }},
            {"b", [&] { write("b"); }}},
           1, [&](size_t job, const Ending& ending) {
             endings.push_back(std::to_string(job) + name(ending.kind) + ending.words);
             return std::exchange(is_first, false);
           });
  CHECK(endings == std::vector<std::string>{"0run_errorno", "1done", "0run_errorno"});
  CHECK(read_text(order) == "aba");
}

TEST_CASE("what the look at an ending throws ends all jobs") {
  const auto run = [] {
    run_each({{"a", [] {}}, {"b", wait_forever}}, 2,
             [](size_t, const Ending&) -> bool { throw RunError("the disk is full"); });
  };
  CHECK_THROWS_WITH_AS(run(), "the disk is full", RunError);
  CHECK_FALSE(has_children());
}

TEST_CASE("no jobs are no work") {
  CHECK(end_of({}) == "");
}

}  // namespace
}  // namespace agentsim::batch
