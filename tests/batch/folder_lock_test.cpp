#include "analysis/batch/folder_lock.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/diagnostic.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::batch {
namespace {

// What another process says when it wants the lock; "" if it gets it.
std::string elsewhere(const std::filesystem::path& folder) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string words = message_of<ConfigError>([&] { const FolderLock lock(folder); });
    const bool told = ::write(ends[1], words.data(), words.size()) == static_cast<ssize_t>(words.size());
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  std::string words(4096, '\0');
  words.resize(static_cast<size_t>(std::max<ssize_t>(0, ::read(ends[0], words.data(), words.size()))));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return words;
}

TEST_CASE("a folder that is in use is refused, with the process that uses it") {
  const TestFolder folder;
  {
    const FolderLock lock(folder.path());
    CHECK(elsewhere(folder.path()) ==
          folder.path().string() + ": is in use by process " + std::to_string(::getpid()));
  }
  CHECK(elsewhere(folder.path()) == "");
}

TEST_CASE("a process that was killed leaves no lock") {
  const TestFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(folder.path());
    folder.write("locked", "");
    for (;;) ::pause();
  }
  while (!std::filesystem::exists(folder.file("locked"))) ::usleep(1000);
  CHECK(FolderLock::holder(folder.path()) == child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK_FALSE(FolderLock::holder(folder.path()));
  CHECK(elsewhere(folder.path()) == "");
}

TEST_CASE("a folder that does not exist cannot be locked") {
  const TestFolder folder;
  const std::string missing = folder.file("no");
  CHECK(message_of<ConfigError>([&] { const FolderLock lock(missing); }) ==
        missing + ": cannot be written: No such file or directory");
}

}  // namespace
}  // namespace agentsim::batch
