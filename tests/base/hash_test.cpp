#include "sim/base/hash.hpp"

#include <doctest/doctest.h>

#include <string>

namespace agentsim {
namespace {

TEST_CASE("the hash has the published values of FNV-1a with 64 bits") {
  // Test vectors of draft-eastlake-fnv, appendix C.
  CHECK(Fnv1a().value() == 0xcbf29ce484222325ULL);
  CHECK(Fnv1a().add("a").value() == 0xaf63dc4c8601ec8cULL);
  CHECK(Fnv1a().add("b").value() == 0xaf63df4c8601f1a5ULL);
  CHECK(Fnv1a().add("foobar").value() == 0x85944171f73967e8ULL);
  CHECK(Fnv1a().add("chongo was here!\n").value() == 0x46810940eff5f915ULL);
}

TEST_CASE("texts may be added in pieces") {
  CHECK(Fnv1a().add("foo").add("").add("bar").value() == Fnv1a().add("foobar").value());
}

TEST_CASE("a byte above 127 counts as unsigned") {
  // By hand: (offset basis xor 0xff) times the prime; a sign-extended byte would change the upper bits too.
  CHECK(Fnv1a().add("\xff").value() == (0xcbf29ce484222325ULL ^ 0xffULL) * 0x100000001b3ULL);
}

TEST_CASE("an integer counts as its eight bytes with the lowest first") {
  const std::string bytes("\x08\x07\x06\x05\x04\x03\x02\x01", 8);
  CHECK(Fnv1a().add(uint64_t{0x0102030405060708ULL}).value() == Fnv1a().add(bytes).value());
}

TEST_CASE("the mixer gives the published SplitMix64 sequence of seed zero") {
  constexpr uint64_t kStep = 0x9e3779b97f4a7c15ULL;
  CHECK(mix64(0) == 0xe220a8397b1dcdafULL);
  CHECK(mix64(kStep) == 0x6e789e6aa1b965f4ULL);
  CHECK(mix64(2 * kStep) == 0x06c45d188009454fULL);
}

}  // namespace
}  // namespace agentsim
