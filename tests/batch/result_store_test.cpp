#include "analysis/batch/result_store.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "sim/base/contract.hpp"
#include "sim/base/diagnostic.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::batch {
namespace {

using State = ResultStore::State;
using Keep = ResultStore::Keep;

const std::string kKey = "0123456789abcdef0123456789abcdef";

struct Stored {
  TestFolder folder;
  ResultStore store{folder.path() / "store"};

  Stored() { store.open(); }
  void put(Keep keep, const std::string& summary = "{}") const {
    const auto written = store.begin(kKey);
    written->write("summary.json", summary);
    written->write("manifest.json", "{}");
    written->write("calls.csv", "call\n");
    store.put(kKey, *written, keep, 1.5);
  }
  std::filesystem::path file(const std::string& name) const { return store.folder(kKey) / name; }
  void spoil(const std::string& name, const std::string& text) const { std::ofstream(file(name)) << text; }
};

TEST_CASE("a point is absent until it is put and whole from then on") {
  const Stored s;
  CHECK(s.store.state(kKey, Keep::summary) == State::absent);
  s.put(Keep::tables);
  CHECK(s.store.state(kKey, Keep::tables) == State::whole);
  CHECK(s.store.wall_s(kKey) == 1.5);
  CHECK(s.store.folder(kKey) == s.store.root() / "01" / kKey);
  CHECK(std::filesystem::is_empty(s.store.root() / "work"));
}

TEST_CASE("a point without its tables does not serve one who asks for them") {
  const Stored s;
  s.put(Keep::summary);
  CHECK_FALSE(std::filesystem::exists(s.file("calls.csv")));
  CHECK(s.store.state(kKey, Keep::summary) == State::whole);
  CHECK(s.store.state(kKey, Keep::tables) == State::absent);
  s.put(Keep::tables);
  CHECK(s.store.state(kKey, Keep::tables) == State::whole);
}

TEST_CASE("a file that was changed, cut or lost is found, and put again") {
  const Stored s;
  for (const char* name : {"summary.json", "calls.csv", "point.json"}) {
    s.put(Keep::tables);
    s.spoil(name, "{");
    CHECK(s.store.state(kKey, Keep::tables) == State::damaged);
    s.put(Keep::tables);
    CHECK(s.store.state(kKey, Keep::tables) == State::whole);
    std::filesystem::remove(s.file(name));
    CHECK(s.store.state(kKey, Keep::tables) == State::damaged);
  }
}

TEST_CASE("the index of another point does not count") {
  const Stored s;
  s.put(Keep::summary);
  const std::string other = "01ffffffffffffffffffffffffffffff";
  std::filesystem::rename(s.store.folder(kKey), s.store.folder(other));
  CHECK(s.store.state(other, Keep::summary) == State::damaged);
}

TEST_CASE("of two that finish the same point the second changes nothing") {
  const Stored s;
  s.put(Keep::summary, "1");
  s.put(Keep::summary, "2");
  CHECK(slurp(s.file("summary.json")) == "1");
}

TEST_CASE("what a dead process left is removed and what a living one writes is not") {
  const Stored s;
  const auto mine = s.store.begin(kKey);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto left = s.store.begin("ff");
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  const auto count = [&] {
    const std::filesystem::directory_iterator all(s.store.root() / "work");
    return std::distance(begin(all), end(all));
  };
  CHECK(count() == 2);
  s.store.open();
  CHECK(count() == 1);
  CHECK(std::filesystem::exists(mine->path()));
}

TEST_CASE("a store that cannot be made is a mistake of its name") {
  const TestFolder folder;
  const ResultStore store(folder.write("file", "") + "/store");
  const std::string words = message_of<ConfigError>([&] { store.open(); });
  CHECK(words == store.root().string() + ": the results store cannot be made: Not a directory");
}

TEST_CASE("a disk that takes no more is told") {
  const Stored s;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit little{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &little);
    const std::string words = message_of<RunError>([&] { s.store.check_writable(); });
    ::_exit(words.find(": cannot be written: File too large") != std::string::npos ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

}  // namespace
}  // namespace agentsim::batch
