#include "sim/base/diagnostic.hpp"

#include <doctest/doctest.h>

#include "tests/base/test_folder.hpp"

namespace agentsim {
namespace {

Diagnostic at(const std::string& file, int line, int column, const std::string& message) {
  return {{file, line, column, 1, "abcdefghij"}, message, "", {}, ""};
}

TEST_CASE("a mistake shows its place and line and a caret and all that helps to mend it") {
  const Diagnostic d{{"scenarios/chat.yaml", 14, 11, 14, "  policy: prefix_afinity"},
                     "unknown router 'prefix_afinity'",
                     "prefix_affinity",
                     {"round_robin", "prefix_affinity", "least_loaded", "random"},
                     "routers are listed by agentsim list"};
  CHECK(d.text() ==
        "scenarios/chat.yaml:14:11: unknown router 'prefix_afinity'\n"
        "   14 |   policy: prefix_afinity\n"
        "      |           ^~~~~~~~~~~~~~ did you mean 'prefix_affinity'?\n"
        "  valid: least_loaded, prefix_affinity, random, round_robin\n"
        "  note: routers are listed by agentsim list");
}

TEST_CASE("the caret stands below the column whatever the width of the line number") {
  const Diagnostic d{{"a.yaml", 123456, 1, 1, "x: 1"}, "wrong", "", {}, ""};
  CHECK(d.text() ==
        "a.yaml:123456:1: wrong\n"
        "123456 | x: 1\n"
        "       | ^");
}

TEST_CASE("a mistake of a whole file has its name but no line") {
  const Diagnostic d{{"a.yaml", 0, 0, 1, ""}, "no such file", "b.yaml", {}, ""};
  CHECK(d.text() == "a.yaml: no such file, did you mean 'b.yaml'?");
}

TEST_CASE("a mistake without a place is its message alone") {
  CHECK(ConfigError("unknown option '--sed'").what() == std::string("unknown option '--sed'"));
  CHECK(ConfigError("x").diagnostics().size() == 1);
}

TEST_CASE("all mistakes are thrown at once in order of file and line and column") {
  Diagnostics all;
  all.add(at("b.yaml", 1, 1, "fifth"));
  all.add(at("a.yaml", 10, 1, "fourth"));
  all.add(at("a.yaml", 9, 7, "third"));
  all.add(at("a.yaml", 9, 2, "first"));
  all.add(at("a.yaml", 9, 2, "second, which was found later"));
  CHECK(all.size() == 5);
  const std::string text = message_of<ConfigError>([&] { all.throw_if_any(); });
  size_t before = 0;
  for (const char* word : {"first", "second", "third", "fourth", "fifth"}) {
    CAPTURE(std::string(word));
    REQUIRE(text.find(word) != std::string::npos);
    CHECK(text.find(word) >= before);
    before = text.find(word);
  }
}

TEST_CASE("a mistake that is found twice is told once") {
  Diagnostics all;
  all.add(at("a.yaml", 3, 1, "wrong"));
  all.add(at("a.yaml", 2, 1, "other"));
  all.add(at("a.yaml", 3, 1, "wrong"));
  try {
    all.throw_if_any();
    FAIL("nothing was thrown");
  } catch (const ConfigError& error) {
    REQUIRE(error.diagnostics().size() == 2);
    CHECK(error.diagnostics()[0].message == "other");
    CHECK(error.diagnostics()[1].message == "wrong");
  }
}

TEST_CASE("without mistakes nothing is thrown") {
  Diagnostics none;
  CHECK(none.empty());
  CHECK_NOTHROW(none.throw_if_any());
}

}  // namespace
}  // namespace agentsim
