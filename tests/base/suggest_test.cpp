#include "sim/base/suggest.hpp"

#include <doctest/doctest.h>

namespace agentsim {
namespace {

TEST_CASE("the edit distance counts inserted and deleted and changed and swapped letters") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("flaw", "lawn") == 2);
  CHECK(edit_distance("fcfs", "fcsf") == 1);
  CHECK(edit_distance("prefix_afinity", "prefix_affinity") == 1);
  CHECK(edit_distance("sitting", "kitten") == edit_distance("kitten", "sitting"));
}

TEST_CASE("the nearest word is suggested if at most a third of the letters differ") {
  const std::vector<std::string> routers{"random", "round_robin", "session_affinity"};
  CHECK(nearest("radnom", routers) == "random");
  CHECK(nearest("round-robin", routers) == "round_robin");
  CHECK(nearest("random", routers) == "random");
  // Six letters allow two changes, not three.
  CHECK(nearest("ranxxm", routers) == "random");
  CHECK(nearest("raxxxm", routers).empty());
}

TEST_CASE("a word of one or two letters may differ by one") {
  CHECK(nearest("tq", {"tp", "pp"}) == "tp");
  CHECK(nearest("xy", {"tp", "pp"}).empty());
}

TEST_CASE("no word and no candidates have no suggestion") {
  CHECK(nearest("", {"a", "b"}).empty());
  CHECK(nearest("tp", {}).empty());
}

TEST_CASE("of equally near words the first is suggested") {
  CHECK(nearest("xat", {"cat", "bat"}) == "cat");
}

TEST_CASE("valid words are listed in order of the alphabet") {
  CHECK(sorted_list({"ring", "nvls", "one_shot"}) == "nvls, one_shot, ring");
  CHECK(sorted_list({}).empty());
}

}  // namespace
}  // namespace agentsim
