#include "analysis/batch/run_points.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "sim/base/contract.hpp"
#include "sim/base/diagnostic.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::batch {
namespace {

using Keep = ResultStore::Keep;

void write_results(const ResultFolder& folder) {
  folder.write("summary.json", "{}");
  folder.write("manifest.json", "{}");
}

void die() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::kill(::getpid(), SIGKILL);
}

struct Batch {
  TestFolder folder;
  ResultStore store{folder.path() / "store"};
  FailureBook failures{folder.path() / "failures"};
  Standing standing;

  Batch() { store.open(); }
  void run(const std::vector<Point>& points, bool records = true) {
    standing = {};
    RunPoints how;
    how.at_most = 2;
    if (records) how.failures = &failures;
    run_points(missing(points, store, Keep::summary, standing), store, how, standing);
  }
  // Counts in a file how often a point was tried.
  size_t try_again(const std::string& key) const {
    std::ofstream(folder.file("tries-" + key), std::ios::app) << "x";
    return slurp(folder.file("tries-" + key)).size();
  }
};

TEST_CASE("a second call runs only what the first has not finished") {
  Batch batch;
  std::vector<Point> points;
  for (const char* key : {"aa", "bb", "cc"}) points.push_back({key, key, write_results});
  batch.run({points[0], points[1]});
  CHECK(batch.standing.done == 2);
  batch.run(points);
  CHECK(batch.standing.total == 3);
  CHECK(batch.standing.found == 2);
  CHECK(batch.standing.done == 1);
  CHECK(batch.standing.left() == 0);
}

TEST_CASE("two points with the same key are one run") {
  Batch batch;
  const auto run = [&](const ResultFolder& folder) {
    batch.try_again("aa");
    write_results(folder);
  };
  batch.run({{"one", "aa", run}, {"two", "aa", run}});
  CHECK(batch.standing.total == 1);
  CHECK(slurp(batch.folder.file("tries-aa")) == "x");
}

TEST_CASE("a point that is killed once is tried again and then counts as any other") {
  Batch batch;
  batch.run({{"killed", "aa", [&](const ResultFolder& folder) {
                if (batch.try_again("aa") == 1) die();
                write_results(folder);
              }}});
  CHECK(batch.standing.done == 1);
  CHECK(batch.store.state("aa", Keep::summary) == ResultStore::State::whole);
  CHECK_FALSE(batch.failures.find("aa"));
}

TEST_CASE("a point that is killed twice is a failure with its log, and the others go on") {
  Batch batch;
  batch.run({{"killed", "aa",
              [&](const ResultFolder&) {
                std::printf("try %zu\n", batch.try_again("aa"));
                std::fflush(stdout);
                die();
              }},
             {"fine", "bb", write_results}});
  CHECK(batch.standing.failed == 1);
  CHECK(batch.standing.done == 1);
  const auto failure = batch.failures.find("aa");
  REQUIRE(failure);
  CHECK(failure->name == "killed");
  CHECK(failure->attempts == 2);
  CHECK(failure->ending.kind == Ending::Kind::killed);
  CHECK(failure->ending.words == "ended by signal 9 (Killed)");
  CHECK(slurp(batch.failures.log("aa")) == "try 2\n");
  CHECK_FALSE(std::filesystem::exists(batch.failures.log("bb")));
}

TEST_CASE("bad input and broken promises are not tried again, but no memory is") {
  Batch batch;
  batch.run({{"a", "aa",
              [&](const ResultFolder&) {
                batch.try_again("aa");
                throw ConfigError("tp 3");
              }},
             {"b", "bb",
              [&](const ResultFolder&) {
                batch.try_again("bb");
                throw ContractViolation("I2");
              }},
             {"c", "cc", [&](const ResultFolder&) {
                batch.try_again("cc");
                throw std::bad_alloc();
              }}});
  CHECK(batch.failures.find("aa")->attempts == 1);
  CHECK(batch.failures.find("aa")->ending.words == "tp 3");
  CHECK(batch.failures.find("bb")->attempts == 1);
  CHECK(batch.failures.find("cc")->attempts == 2);
  CHECK(slurp(batch.folder.file("tries-cc")) == "xx");
}

TEST_CASE("a point that failed is tried again by the next call, and its failure forgotten when it succeeds") {
  Batch batch;
  const Point point{"a", "aa", [&](const ResultFolder& folder) {
                      if (batch.try_again("aa") == 1) throw ConfigError("not yet");
                      write_results(folder);
                    }};
  batch.run({point});
  CHECK(batch.failures.find("aa"));
  batch.run({point});
  CHECK(batch.standing.done == 1);
  CHECK_FALSE(batch.failures.find("aa"));
}

TEST_CASE("without a book of failures the first one ends all") {
  Batch batch;
  const Point bad{"bad", "aa", [](const ResultFolder&) { throw ContractViolation("I2: used 40"); }};
  CHECK_THROWS_WITH_AS(batch.run({bad}, false), "bad: I2: used 40", ContractViolation);
}

TEST_CASE("a store that cannot be written any more ends all, and no point is blamed") {
  Batch batch;
  const Point point{"a", "aa", [&](const ResultFolder&) {
                      std::filesystem::remove_all(batch.store.root() / "work");
                      throw RunError("no space");
                    }};
  CHECK_THROWS_AS(batch.run({point}), RunError);
  CHECK_FALSE(batch.failures.find("aa"));
}

}  // namespace
}  // namespace agentsim::batch
