#include "sim/base/output_file.hpp"

#include <doctest/doctest.h>

#include "sim/base/contract.hpp"
#include "sim/base/text_file.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim {
namespace {

TEST_CASE("an output file appears when it is committed, under its name alone") {
  const TestFolder folder;
  {
    OutputFile file(folder.file("a/out.txt"));
    file.write("one\n");
    file.write("two\n");
    CHECK(!std::filesystem::exists(folder.file("a/out.txt")));
    file.commit();
  }
  CHECK(folder.names() == std::vector<std::string>{"a", "a/out.txt"});
  CHECK(read_text(folder.file("a/out.txt")) == "one\ntwo\n");
}

TEST_CASE("an output file that was not committed leaves nothing, and the old one stays") {
  const TestFolder folder;
  folder.write("out.txt", "old");
  { OutputFile(folder.file("out.txt")).write("new"); }
  CHECK(folder.names() == std::vector<std::string>{"out.txt"});
  CHECK(read_text(folder.file("out.txt")) == "old");
}

TEST_CASE("an output file whose name ends in gz is compressed") {
  const TestFolder folder;
  OutputFile file(folder.file("out.txt.gz"));
  file.write(std::string(100'000, 'a'));
  file.commit();
  CHECK(std::filesystem::file_size(folder.file("out.txt.gz")) < 1000);
  CHECK(read_text(folder.file("out.txt.gz")) == std::string(100'000, 'a'));
}

TEST_CASE("an output file that cannot be written says so") {
  CHECK_THROWS_WITH_AS(OutputFile("/proc/no/such/file"), "/proc/no/such/file: cannot be written", RunError);
}

}  // namespace
}  // namespace agentsim
