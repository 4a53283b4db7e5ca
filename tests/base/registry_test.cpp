#include "sim/base/registry.hpp"

#include <doctest/doctest.h>

#include "tests/base/test_folder.hpp"

namespace agentsim {
namespace {

struct Animal {
  virtual ~Animal() = default;
  virtual std::string says() const = 0;
};
struct Echo : Animal {
  explicit Echo(std::string what) : word(std::move(what)) {}
  std::string says() const override { return word; }
  std::string word;
};
// A registry of this file's own: the program's are left as they are.
using Animals = Registry<Animal, int>;

const Animals::Entry dog("dog", "barks", [](int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += "wuff";
  return std::make_unique<Echo>(text);
});
const Animals::Entry cat("cat", "meows", [](int) { return std::make_unique<Echo>("meow"); });

TEST_CASE("a registered policy is made by its name with the arguments given") {
  CHECK(Animals::make("dog", 2)->says() == "wuffwuff");
  CHECK(Animals::make("cat", 2)->says() == "meow");
  CHECK(Animals::help("cat") == "meows");
}

TEST_CASE("the names of the policies are in order of the alphabet") {
  CHECK(Animals::names() == std::vector<std::string>{"cat", "dog"});
}

TEST_CASE("two policies of one name break a contract and the first stays") {
  const auto again = [] {
    Animals::Entry entry("dog", "howls", [](int) { return std::make_unique<Echo>("auuu"); });
  };
  CHECK(message_of<ContractViolation>(again) == "two policies are registered as 'dog'");
  CHECK(Animals::make("dog", 1)->says() == "wuff");
  CHECK(Animals::help("dog") == "barks");
}

TEST_CASE("making a policy that nobody registered breaks a contract") {
  CHECK(message_of<ContractViolation>([] { Animals::make("cow", 1); }) == "no policy is registered as 'cow'");
}

}  // namespace
}  // namespace agentsim
