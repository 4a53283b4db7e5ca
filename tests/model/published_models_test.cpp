#include <doctest/doctest.h>

#include <cmath>

#include "sim/config/library.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

// What the publisher counts as active: all parameters of one token, those without the embedding, or the
// layers alone.
enum class Count { all, without_embedding, layers };

struct Published {
  const char* name;
  double total;
  double total_rounding;  // half a unit of the last digit that was published
  double active = 0.0;
  double active_rounding = 0.0;  // a whole unit where they cut the digits off: 2.45 to 2.4, 3.35 to 3.3
  Count count = Count::all;
};

// As their makers publish them; scenarios/models/*.yaml say where.
const std::vector<Published>& published() {
  static const std::vector<Published> all{
      {"bloom_176b", 176'247'271'424.0, 0.5},
      {"bloom_7b1", 7'069'016'064.0, 0.5},
      {"deepseek_r1", 671e9, 0.5e9, 36.6e9, 0.05e9, Count::without_embedding},
      {"deepseek_v2", 235.7e9, 0.05e9, 21e9, 0.5e9},
      {"deepseek_v2_lite", 15.7e9, 0.05e9, 2.4e9, 0.1e9, Count::without_embedding},
      {"deepseek_v3", 671e9, 0.5e9, 36.6e9, 0.05e9, Count::without_embedding},
      {"falcon_180b", 179.5e9, 0.05e9},
      {"falcon_7b", 6'921'720'704.0, 0.5},
      {"gemma_2_27b", 27.2e9, 0.05e9},
      {"gemma_2_9b", 9.24e9, 0.005e9},
      {"gemma_3_12b", 11.771e9, 0.001e9},
      {"gemma_3_27b", 27.016e9, 0.001e9},
      {"glm_4_5", 355e9, 0.5e9, 32e9, 0.5e9, Count::layers},
      {"glm_4_5_air", 106e9, 0.5e9, 12e9, 0.5e9, Count::layers},
      {"glm_4_7", 355e9, 0.5e9, 32e9, 0.5e9, Count::layers},
      {"glm_4_9b", 9.40e9, 0.005e9},
      {"gpt_oss_120b", 116.83e9, 0.005e9, 5.13e9, 0.005e9, Count::without_embedding},
      {"gpt_oss_20b", 20.91e9, 0.005e9, 3.61e9, 0.005e9, Count::without_embedding},
      {"kimi_k2", 1.026e12, 0.0005e12, 32e9, 0.5e9, Count::without_embedding},
      {"llama_2_13b", 13.02e9, 0.005e9},
      {"llama_2_70b", 68.98e9, 0.005e9},
      {"llama_2_7b", 6.738e9, 0.0005e9},
      {"llama_3_1_405b", 405.9e9, 0.05e9},
      {"llama_3_1_8b", 8'030'261'248.0, 0.5},
      {"llama_3_2_1b", 1.236e9, 0.0005e9},
      {"llama_3_2_3b", 3.213e9, 0.0005e9},
      {"llama_3_3_70b", 70'553'706'496.0, 0.5},
      {"mistral_7b_v0_3", 7.248e9, 0.0005e9},
      {"mistral_large_2", 122.6e9, 0.05e9},
      {"mistral_small_3", 23.57e9, 0.005e9},
      {"mixtral_8x22b", 140.6e9, 0.05e9, 39e9, 0.5e9},
      {"mixtral_8x7b", 46.7e9, 0.05e9, 12.9e9, 0.05e9},
      {"opt_66b", 65.7e9, 0.05e9},
      {"opt_6_7b", 6.66e9, 0.005e9},
      {"phi_3_5_moe", 41.9e9, 0.05e9, 6.6e9, 0.05e9},
      {"phi_3_mini", 3.82e9, 0.005e9},
      {"phi_4", 14.66e9, 0.005e9},
      {"qwen2_57b_a14b", 57.4e9, 0.05e9, 14e9, 0.5e9},
      {"qwen2_5_32b", 32.76e9, 0.005e9},
      {"qwen2_5_72b", 72.71e9, 0.005e9},
      {"qwen2_5_7b", 7.616e9, 0.0005e9},
      {"qwen3_14b", 14.77e9, 0.005e9},
      {"qwen3_235b_a22b", 235.1e9, 0.05e9, 22e9, 0.5e9},
      {"qwen3_30b_a3b", 30.53e9, 0.005e9, 3.3e9, 0.1e9},
      {"qwen3_32b", 32'762'123'264.0, 0.5},
      {"qwen3_8b", 8.19e9, 0.005e9},
      {"qwen3_coder_480b_a35b", 480.2e9, 0.05e9, 35e9, 0.5e9},
      {"qwen3_next_80b_a3b", 80e9, 0.5e9, 3e9, 0.5e9, Count::layers},
  };
  return all;
}

double active(const LLM& llm, Count count) {
  const auto table = static_cast<double>(llm.vocabulary * llm.hidden);
  const double outside = llm.tie_embeddings ? table : 2.0 * table;
  if (count == Count::layers) return llm.active_parameters() - outside;
  return llm.active_parameters() - (count == Count::all ? 0.0 : table);
}

TEST_CASE("every shipped model has the parameters that its makers publish, within a hundredth") {
  for (const Published& p : published()) {
    CAPTURE(std::string(p.name));
    const LLM model = llm(p.name);
    CHECK(std::abs(model.parameters() - p.total) <= std::max(0.01 * p.total, p.total_rounding));
    CHECK(std::abs(model.published_parameters - p.total) <= 1e-3 * p.total);
  }
}

TEST_CASE("every shipped model with experts has the active parameters that its makers publish") {
  for (const Published& p : published()) {
    CAPTURE(std::string(p.name));
    const LLM model = llm(p.name);
    CHECK((model.experts.count > 0) == (p.active > 0.0));
    CHECK(model.published_active == p.active);
    if (p.active == 0.0) continue;
    CAPTURE(active(model, p.count));
    CHECK(std::abs(active(model, p.count) - p.active) <= std::max(0.01 * p.active, p.active_rounding));
  }
}

TEST_CASE("the list of published counts names every shipped model") {
  std::vector<std::string> names;
  for (const Published& p : published()) names.emplace_back(p.name);
  CHECK(names == config::Library::names("scenarios/models"));
  CHECK(names.size() >= 30);
}

TEST_CASE("a shipped model says where its numbers are from") {
  for (const std::string& name : config::Library::names("scenarios/models")) {
    CAPTURE(name);
    const auto file = config::Library::root() / "scenarios/models" / (name + ".yaml");
    const config::Value map = config::Value::load(file.string());
    for (const char* key : {"title", "source", "license", "parameters"}) {
      CAPTURE(std::string(key));
      CHECK(map.find(key) != nullptr);
    }
    CHECK(map.find("name")->scalar() == name);
  }
}

}  // namespace
}  // namespace agentsim::model
