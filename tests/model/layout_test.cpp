#include "sim/model/layout.hpp"

#include <doctest/doctest.h>

#include "sim/model/batch.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

std::vector<int64_t> layers(const std::vector<Stage>& stages) {
  std::vector<int64_t> counts;
  for (const Stage& stage : stages) counts.push_back(stage.layers);
  return counts;
}

TEST_CASE("layers that are left over go to the stages before the last") {
  // 61 layers of DeepSeek V3 on four stages: 15 each and one more, for the third.
  CHECK(layers(stages(llm("deepseek_v3"), 4)) == std::vector<int64_t>{15, 15, 16, 15});
  CHECK(layers(stages(llm("deepseek_v3"), 8)) == std::vector<int64_t>{7, 7, 8, 8, 8, 8, 8, 7});
  CHECK(layers(stages(llm("llama_3_3_70b"), 4)) == std::vector<int64_t>{20, 20, 20, 20});
}

TEST_CASE("the first stage has the dense layers, the embedding and not the head") {
  const std::vector<Stage> all = stages(llm("deepseek_v3"), 4);
  REQUIRE(all[0].kinds.size() == 2);
  CHECK(all[0].kinds[0].count == 3);
  CHECK_FALSE(all[0].kinds[0].experts);
  CHECK(all[0].kinds[1].count == 12);
  REQUIRE(all[1].kinds.size() == 1);
  CHECK(all[1].kinds[0].experts);
  CHECK(all[0].is_first);
  CHECK_FALSE(all[0].is_last);
  CHECK(all[3].is_last);
}

TEST_CASE("windowed and full layers that alternate are counted by kind") {
  // gpt-oss 20B: 24 layers, every other windowed; 12 on each stage, 6 of each kind.
  for (const Stage& stage : stages(llm("gpt_oss_20b"), 2)) {
    REQUIRE(stage.kinds.size() == 2);
    CHECK(stage.kinds[0].count == 6);
    CHECK(stage.kinds[1].count == 6);
  }
}

TEST_CASE("a layout that divides has no mistakes") {
  CHECK(layout_mistakes(deploy("{model: deepseek_v3, tp: 8}")).empty());
  CHECK(layout_mistakes(deploy("{model: deepseek_v3, tp: 16, ep: 16, dp_attention: 16}")).empty());
  CHECK(layout_mistakes(deploy("{model: deepseek_v3, tp: 8, ep: 4}")).empty());
  CHECK(layout_mistakes(deploy("{model: llama_3_3_70b, tp: 2, pp: 3}")).empty());
  CHECK(layout_mistakes(deploy("{model: qwen3_32b, tp: 4, dp_attention: 2}")).empty());
}

TEST_CASE("a layout that does not divide says what and by how much") {
  const auto only = [](const std::string& yaml) {
    const std::vector<std::string> mistakes = layout_mistakes(deploy(yaml));
    REQUIRE(mistakes.size() == 1);
    return mistakes.front();
  };
  const std::vector<std::string> two = layout_mistakes(deploy("{model: llama_3_1_8b, tp: 3}"));
  REQUIRE(two.size() == 2);
  CHECK(two[0] == "tp 3 does not divide the 32 heads of llama_3_1_8b");
  CHECK(two[1] == "tp 3 does not divide the inner width 14336 of llama_3_1_8b");
  CHECK(only("{model: llama_3_1_8b, tp: 2, ep: 2}") == "ep 2 wants experts, which llama_3_1_8b has not");
  CHECK(only("{model: mixtral_8x7b, tp: 4, ep: 3}") == "ep 3 does not divide tp 4");
  CHECK(only("{model: mixtral_8x7b, tp: 4, dp_attention: 8}") == "dp_attention 8 does not divide tp 4");
  CHECK(only("{model: mixtral_8x7b, tp: 16, ep: 16}") ==
        "ep 16 does not divide the 8 experts of mixtral_8x7b");
  CHECK(only("{model: deepseek_v3, tp: 8, ep: 4, dp_attention: 8}") ==
        "with dp_attention the experts are shared out among all GPUs of a stage: ep 8 or 1, not 4");
  CHECK(only("{model: llama_3_1_8b, pp: 33}") == "pp 33 exceeds the 32 layers of llama_3_1_8b");
  CHECK(only("{model: llama_3_1_8b, pp: 2, speculation: {tokens: 2}}") == "speculation wants pp 1");
  Deployment next = deploy("{model: qwen3_next_80b_a3b, tp: 4}");
  CHECK(layout_mistakes(next).empty());
  next.llm.linear.key_heads = 6;
  CHECK(
      layout_mistakes(next) ==
      std::vector<std::string>{"tp 4 does not divide the 6 heads of linear attention of qwen3_next_80b_a3b"});
}

TEST_CASE("a batch is spread as evenly as whole sequences allow") {
  Batch batch;
  batch.decoding = 10;
  const std::vector<Batch> parts = spread(batch, 4);
  REQUIRE(parts.size() == 4);
  CHECK(parts[0].decoding == 3);
  CHECK(parts[1].decoding == 3);
  CHECK(parts[2].decoding == 2);
  CHECK(parts[3].decoding == 2);
  CHECK(parts[0].context_share == doctest::Approx(0.3));
  CHECK(spread(batch, 1).front().decoding == 10);
  batch.decoding = 2;
  CHECK(spread(batch, 4).size() == 2);
}

TEST_CASE("a long prompt fills a part of its own and decoding sequences the others") {
  Batch batch;
  batch.chunks = {{10, 0}, {4000, 0}};
  batch.finished_prompts = 2;
  batch.decoding = 30;
  for (int i = 0; i < 30; ++i) batch.contexts.push_back(100 + i);
  const std::vector<Batch> parts = spread(batch, 2);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].chunks.size() == 1);
  CHECK(parts[0].tokens() == 4000);
  CHECK(parts[1].tokens() == 40);
  CHECK(parts[1].contexts.size() == 30);
  CHECK(parts[0].finished_prompts + parts[1].finished_prompts == 2);
}

}  // namespace
}  // namespace agentsim::model
