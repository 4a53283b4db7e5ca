#include <doctest/doctest.h>

#include "sim/base/contract.hpp"
#include "tests/serving/helpers.hpp"

namespace agentsim::serving {
namespace {

// 120 tokens: 100 of stream 7 and 20 of stream 9, in one piece each and in many.
const Prompt kWhole{{{7, 0, 100}, {9, 5, 25}}, 0};
const Prompt kPieces{{{7, 0, 1}, {7, 1, 64}, {7, 64, 64}, {7, 64, 100}, {9, 5, 6}, {9, 6, 25}}, 0};

uint64_t key_at(const Content& content, uint32_t from, uint32_t tokens) {
  Cursor cursor(content);
  cursor.skip(from);
  return cursor.key(tokens);
}

TEST_CASE("equal tokens have equal keys however they are cut") {
  // Given the same tokens in two and in six slices, then every part of them has one key.
  const Content whole = kWhole.content();
  const Content pieces = kPieces.content();
  for (uint32_t from = 0; from < 120; ++from)
    for (uint32_t tokens = 1; from + tokens <= 120; ++tokens)
      REQUIRE(key_at(whole, from, tokens) == key_at(pieces, from, tokens));
}

TEST_CASE("other tokens have other keys") {
  // Given prompts that differ in a stream or a position or an order or a length, then so do their keys.
  const std::vector<Prompt> prompts{kWhole,
                                    {{{7, 0, 100}, {9, 6, 26}}, 0},
                                    {{{7, 0, 100}, {8, 5, 25}}, 0},
                                    {{{9, 5, 25}, {7, 0, 100}}, 0},
                                    {{{7, 0, 99}, {9, 5, 26}}, 0},
                                    {{{7, 0, 120}}, 0}};
  for (size_t a = 0; a < prompts.size(); ++a)
    for (size_t b = 0; b < a; ++b)
      CHECK(key_at(prompts[a].content(), 0, 120) != key_at(prompts[b].content(), 0, 120));
  CHECK(key_at(kWhole.content(), 0, 50) != key_at(kWhole.content(), 0, 51));
  CHECK(key_at(kWhole.content(), 0, 50) != key_at(kWhole.content(), 1, 50));
}

TEST_CASE("the output goes on where the prompt ends") {
  // Given a prompt whose 5 output tokens are of its own stream, then they are as if the prompt held them.
  const std::vector<Slice> slices{{3, 0, 10}};
  Content content(slices.data(), 1, Slice{3, 10, 10});
  CHECK_THROWS_AS(key_at(content, 0, 11), ContractViolation);
  content.set_output_tokens(5);
  const Prompt longer{{{3, 0, 15}}, 0};
  CHECK(key_at(content, 0, 15) == key_at(longer.content(), 0, 15));
  CHECK(key_at(content, 8, 7) == key_at(longer.content(), 8, 7));
}

TEST_CASE("the common part ends at the first token that differs") {
  // Given a label that leaves the prompt's path after 102 tokens, then 102 are common, or the limit.
  const Content content = kPieces.content();
  const std::vector<Slice> label{{7, 0, 30}, {7, 30, 100}, {9, 5, 7}, {9, 8, 30}};
  CHECK(Cursor(content).common(label, 120) == 102);
  CHECK(Cursor(content).common(label, 101) == 101);
  CHECK(Cursor(content).common({{7, 0, 8}}, 120) == 8);
  CHECK(Cursor(content).common({{7, 1, 8}}, 120) == 0);
  CHECK(Cursor(content).common({}, 120) == 0);
  Cursor later(content);
  later.skip(99);
  CHECK(later.common({{7, 99, 100}, {9, 5, 25}}, 21) == 21);
}

TEST_CASE("a label joins neighbours of one stream") {
  // Given six slices, then 2 to 119 of them are two.
  const Content content = kPieces.content();
  Cursor cursor(content);
  cursor.skip(2);
  std::vector<Slice> label;
  cursor.append_to(label, 60);
  cursor.skip(60);
  cursor.append_to(label, 57);
  REQUIRE(label.size() == 2);
  CHECK(label[0].begin == 2);
  CHECK(label[0].end == 100);
  CHECK(label[1].begin == 5);
  CHECK(label[1].end == 24);
}

TEST_CASE("reading past the end of a content is a contract violation") {
  // Given 120 tokens, then the 121st can neither be read nor passed.
  const Content content = kWhole.content();
  Cursor cursor(content);
  CHECK_THROWS_AS(cursor.key(121), ContractViolation);
  cursor.skip(120);
  CHECK_THROWS_AS(cursor.skip(1), ContractViolation);
}

}  // namespace
}  // namespace agentsim::serving
