#include "sim/base/result_folder.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "sim/base/contract.hpp"
#include "sim/base/diagnostic.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim {
namespace {

using Names = std::vector<std::string>;
namespace fs = std::filesystem;

// Runs the body in a child whose files may hold so many bytes, and returns its exit status; -1 if a signal
// ended it.
template <class Body>
int with_file_limit(rlim_t bytes, Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(100);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_CASE("a results folder appears with its files only when it is committed") {
  const TestFolder test;
  const fs::path target = test.path() / "deep" / "out";
  {
    ResultFolder folder(target);
    folder.write("summary.json", "{}\n");
    folder.write("seed_1/calls.csv", "a,b\n");
    CHECK_FALSE(fs::exists(target));
    CHECK(folder.path() != folder.target());
    folder.commit();
  }
  CHECK(test.names() ==
        Names{"deep", "deep/out", "deep/out/seed_1", "deep/out/seed_1/calls.csv", "deep/out/summary.json"});
  CHECK(slurp(target / "seed_1/calls.csv") == "a,b\n");
}

TEST_CASE("a results folder that is not committed leaves nothing") {
  const TestFolder test;
  try {
    ResultFolder folder(test.path() / "out");
    folder.write("summary.json", "{}\n");
    throw RunError("the run failed");
  } catch (const RunError&) {
  }
  CHECK(test.names().empty());
}

TEST_CASE("folders on the way to a target that is not committed are left only if others use them") {
  const TestFolder test;
  fs::create_directories(test.path() / "mine");
  { ResultFolder folder(test.path() / "mine" / "a" / "b" / "out"); }
  CHECK(test.names() == Names{"mine"});
  {
    ResultFolder folder(test.path() / "mine" / "a" / "b" / "out");
    test.write("mine/a/other.txt", "somebody else's");
  }
  CHECK(test.names() == Names{"mine", "mine/a", "mine/a/other.txt"});
}

TEST_CASE("an older results folder is replaced as a whole") {
  const TestFolder test;
  test.write("out/manifest.json", "old");
  test.write("out/links.csv", "old");
  ResultFolder folder(test.file("out"));
  folder.write("manifest.json", "new");
  CHECK(slurp(test.file("out/manifest.json")) == "old");
  folder.commit();
  CHECK(test.names() == Names{"out", "out/manifest.json"});
  CHECK(slurp(test.file("out/manifest.json")) == "new");
}

TEST_CASE("an older results folder stays if its successor is not committed") {
  const TestFolder test;
  test.write("out/manifest.json", "old");
  { ResultFolder(test.file("out")).write("manifest.json", "new"); }
  CHECK(test.names() == Names{"out", "out/manifest.json"});
  CHECK(slurp(test.file("out/manifest.json")) == "old");
}

TEST_CASE("an older results folder is put back if its successor cannot take its place") {
  // Given new results that somebody removed during the run.
  const TestFolder test;
  test.write("out/manifest.json", "old");
  ResultFolder folder(test.file("out"));
  fs::remove_all(folder.path());
  CHECK(message_of<RunError>([&] { folder.commit(); }) ==
        test.file("out") + ": cannot be put in place: No such file or directory");
  CHECK(test.names() == Names{"out", "out/manifest.json"});
}

TEST_CASE("a folder with other files is refused and left alone") {
  const TestFolder test;
  test.write("home/thesis.tex", "years of work");
  CHECK(message_of<ConfigError>([&] { ResultFolder folder(test.file("home")); }) ==
        test.file("home") + ": exists and holds other files; choose another folder with --out");
  CHECK(test.names() == Names{"home", "home/thesis.tex"});
}

TEST_CASE("a file in the place of the results folder is refused") {
  const TestFolder test;
  test.write("out", "a file");
  CHECK(message_of<ConfigError>([&] { ResultFolder folder(test.file("out")); }) ==
        test.file("out") + ": exists and is not a folder; choose another with --out");
  CHECK(message_of<ConfigError>([&] { ResultFolder folder(test.file("out/below")); }) ==
        test.file("out/below") + ": cannot be made: Not a directory");
  CHECK(slurp(test.file("out")) == "a file");
}

TEST_CASE("an empty folder is taken and a slash at the end does not matter") {
  const TestFolder test;
  fs::create_directories(test.path() / "out");
  ResultFolder folder(test.file("out") + "/");
  CHECK(folder.target() == test.path() / "out");
  folder.write("manifest.json", "{}");
  folder.commit();
  CHECK(test.names() == Names{"out", "out/manifest.json"});
}

TEST_CASE("a file is written whole and replaces an older one") {
  const TestFolder test;
  test.write("a.csv", "an older and longer text");
  write_file(test.file("a.csv"), std::string("new\0", 4));
  CHECK(slurp(test.file("a.csv")) == std::string("new\0", 4));
  CHECK(test.names() == Names{"a.csv"});
}

TEST_CASE("a file that cannot be made is told with the reason") {
  const TestFolder test;
  CHECK(message_of<RunError>([&] { write_file(test.file("no/a.csv"), "x"); }) ==
        test.file("no/a.csv") + ": cannot be written: No such file or directory");
  fs::create_directories(test.path() / "folder");
  CHECK(message_of<RunError>([&] { write_file(test.file("folder"), "x"); }) ==
        test.file("folder") + ": cannot be written: Is a directory");
  CHECK(test.names() == Names{"folder"});
}

TEST_CASE("a file that does not fit leaves the older one and no part of itself") {
  const TestFolder test;
  test.write("a.csv", "old");
  const int status = with_file_limit(10'000, [&] {
    const std::string expected = test.file("a.csv") + ": cannot be written: File too large";
    return message_of<RunError>([&] { write_file(test.file("a.csv"), std::string(100'000, 'x')); }) ==
                   expected
               ? 7
               : 8;
  });
  CHECK(status == 7);
  CHECK(test.names() == Names{"a.csv"});
  CHECK(slurp(test.file("a.csv")) == "old");
}

TEST_CASE("results that do not fit leave no folder") {
  const TestFolder test;
  const int status = with_file_limit(10'000, [&] {
    return message_of<RunError>([&] {
             ResultFolder folder(test.file("out"));
             folder.write("small.csv", "fits");
             folder.write("calls.csv", std::string(100'000, 'x'));
             folder.commit();
           }).empty()
               ? 8
               : 7;
  });
  CHECK(status == 7);
  CHECK(test.names().empty());
}

}  // namespace
}  // namespace agentsim
