#include "sim/model/llm.hpp"

#include <doctest/doctest.h>

#include "sim/base/contract.hpp"
#include "tests/base/test_folder.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

const char* const kTiny =
    "{name: tiny, layers: 2, hidden: 8, heads: 4, kv_heads: 2, head_dim: 3, ffn: 10, vocabulary: 100, "
    "max_context: 64";

TEST_CASE("the parameters of a small model are those counted by hand") {
  // Given 2 layers with Q 8x12, K and V 8x6 each, O 12x8 and three matrices 8x10.
  const LLM tiny = llm(std::string(kTiny) + "}");
  CHECK(tiny.matrix_parameters() == 2 * (96 + 48 + 48 + 96 + 3 * 80));
  // Embedding and head of 100x8, two norms a layer and a last one.
  CHECK(tiny.parameters() == 1056 + 2 * 800 + 5 * 8);
  CHECK(llm(std::string(kTiny) + ", tie_embeddings: true}").parameters() == 1056 + 800 + 5 * 8);
  // A norm of the head's width for queries and one for keys.
  CHECK(llm(std::string(kTiny) + ", qk_norm: true}").parameters() == 1056 + 2 * 800 + 5 * 8 + 2 * 2 * 3);
}

TEST_CASE("the shipped models have the published number of parameters") {
  // Given the counts that Hugging Face shows for the weights.
  CHECK(llm("llama_3_1_8b").parameters() == 8'030'261'248.0);
  CHECK(llm("llama_3_3_70b").parameters() == 70'553'706'496.0);
  CHECK(llm("qwen3_32b").parameters() == 32'762'123'264.0);
  for (const char* name : {"llama_3_1_8b", "llama_3_3_70b", "qwen3_32b"}) {
    const LLM model = llm(name);
    CHECK(model.parameters() == doctest::Approx(model.published_parameters).epsilon(0.01));
  }
}

TEST_CASE("an element has the bytes of its data type") {
  CHECK(dtype_bytes("bf16") == 2.0);
  CHECK(dtype_bytes("fp8") == 1.0);
  CHECK_THROWS_AS(dtype_bytes("fp64"), ContractViolation);
}

TEST_CASE("heads that do not share KV heads evenly are refused") {
  const std::string yaml =
      "{name: t, layers: 2, hidden: 8, heads: 4, kv_heads: 3, head_dim: 2, ffn: 9, vocabulary: 9, "
      "max_context: 9}";
  CHECK(message_of<ConfigError>([&] { llm(yaml); }) ==
        "t.yaml:1:1: 'kv_heads' does not divide 'heads'\n    1 | " + yaml + "\n      | ^");
}

TEST_CASE("a model that lacks its shape is refused with all that is missing") {
  const std::string text = message_of<ConfigError>([] { llm("{name: t, layers: 0}"); });
  CHECK(text.find("'layers' must be between 1 and 10000, not 0") != std::string::npos);
  for (const char* key : {"hidden", "heads", "kv_heads", "head_dim", "ffn", "vocabulary", "max_context"}) {
    CAPTURE(std::string(key));
    CHECK(text.find("the model lacks the key '" + std::string(key) + "'") != std::string::npos);
  }
}

}  // namespace
}  // namespace agentsim::model
