#include "sim/model/hf_config.hpp"

#include <doctest/doctest.h>

#include "tests/base/test_folder.hpp"
#include "tests/model/shipped.hpp"

namespace agentsim::model {
namespace {

LLM read(const std::string& json) {
  return load_llm(config::Value::parse(json, "config.json"));
}

std::string error(const std::string& json) {
  return message_of<ConfigError>([&] { read(json); });
}

// The layers of each kind, in order: d or e for dense or experts, w for a window, l for linear attention.
std::string kinds(const LLM& llm) {
  std::string text;
  for (const LayerRun& run : llm.layer_runs())
    for (int64_t i = 0; i < run.count; ++i) {
      text += run.experts ? 'e' : 'd';
      if (run.windowed) text += 'w';
      if (run.linear) text += 'l';
    }
  return text;
}

const char* const kTiny =
    R"({"hidden_size": 8, "num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 2,
 "intermediate_size": 10, "vocab_size": 100, "max_position_embeddings": 64, )";

std::string tiny(const std::string& rest) {
  return kTiny + rest + "}";
}

TEST_CASE("a config.json of Hugging Face is read as it is and named after its folder") {
  const TestFolder folder;
  const std::string file =
      folder.write("Tiny-1B/config.json", tiny(R"("model_type": "llama", "rope_scaling": null,
 "torch_dtype": "bfloat16", "eos_token_id": [1, 2])"));
  const LLM llm = load_llm(config::Value::parse(file, "t.yaml"));
  CHECK(llm.name == "Tiny-1B");
  CHECK(llm.layers == 6);
  CHECK(llm.hidden == 8);
  CHECK(llm.kv_heads == 2);
  CHECK(llm.head_dim == 2);  // hidden over heads, where it is not said
  CHECK(llm.max_context == 64);
  // Q 8x8, K and V 8x4 each, O 8x8, three matrices 8x10.
  CHECK(llm.matrix_parameters() == 6 * (64 + 64 + 64 + 3 * 80));
}

TEST_CASE("a file that is indented with tabs is read") {
  const TestFolder folder;
  std::string text = tiny("\n\t\"model_type\": \"llama\"");
  const LLM llm = load_llm(config::Value::parse(folder.write("a/config.json", text), "t.yaml"));
  CHECK(llm.layers == 6);
}

TEST_CASE("a file that is not JSON is refused at its line and column") {
  const TestFolder folder;
  const std::string file =
      folder.write("a/config.json", "{\n  \"model_type\": \"llama\",\n  hidden_size: 8\n}\n");
  const std::string text = message_of<ConfigError>([&] { load_llm(config::Value::parse(file, "t.yaml")); });
  CHECK(text.find("config.json:3:3: not valid JSON: syntax error while parsing object key") !=
        std::string::npos);
  CHECK(text.find("    3 |   hidden_size: 8\n      |   ^") != std::string::npos);
}

TEST_CASE("an unknown architecture is refused with the nearest, the valid ones and what would be missing") {
  CHECK(
      error(R"({"model_type": "qwen33", "hidden_size": 8})") ==
      "config.json:1:16: unknown architecture 'qwen33'\n"
      "    1 | {\"model_type\": \"qwen33\", \"hidden_size\": 8}\n"
      "      |                ^~~~~~ did you mean 'qwen3'?\n"
      "  valid: bloom, deepseek_v2, deepseek_v3, falcon, gemma2, gemma3_text, glm, glm4, glm4_moe, gpt_oss, "
      "kimi_k2, llama, mistral, mixtral, opt, phi3, phimoe, qwen2, qwen2_moe, qwen3, qwen3_moe, qwen3_next\n"
      "  note: read as llama it would lack: num_hidden_layers, num_attention_heads, vocab_size, "
      "intermediate_size");
  CHECK(error(tiny(R"("model_type": "new")"))
            .find("if its layers are those of a known one, set model_type to that") != std::string::npos);
}

TEST_CASE("all fields that a known architecture lacks are named at once") {
  CHECK(error(R"({"model_type": "deepseek_v3", "hidden_size": 8, "num_hidden_layers": 2, "vocab_size": 9,)"
              R"( "num_attention_heads": 2, "intermediate_size": 9})")
            .find("config.json:1:1: the config of a deepseek_v3 model lacks: kv_lora_rank, qk_rope_head_dim, "
                  "qk_nope_head_dim, v_head_dim, n_routed_experts, num_experts_per_tok, "
                  "moe_intermediate_size\n") == 0);
  CHECK(error(R"({"architectures": ["LlamaForCausalLM"]})")
            .find("the config of Hugging Face lacks the key 'model_type'") != std::string::npos);
}

TEST_CASE("a field of the wrong kind is refused at its place") {
  CHECK(error("{\"model_type\": \"llama\", \"vocab_size\": 9, \"intermediate_size\": 9,\n"
              "\"hidden_size\": \"wide\",\n"
              "\"num_hidden_layers\": 2.5,\n"
              "\"num_attention_heads\": 0,\n"
              "\"attention_bias\": 3}") ==
        "config.json:2:16: 'hidden_size' wants a number, not 'wide'\n"
        "    2 | \"hidden_size\": \"wide\",\n"
        "      |                ^~~~\n"
        "config.json:3:22: 'num_hidden_layers' wants a whole number, not 2.5\n"
        "    3 | \"num_hidden_layers\": 2.5,\n"
        "      |                      ^~~\n"
        "config.json:4:24: 'num_attention_heads' must be above 0\n"
        "    4 | \"num_attention_heads\": 0,\n"
        "      |                        ^\n"
        "config.json:5:19: 'attention_bias' wants true or false\n"
        "    5 | \"attention_bias\": 3}\n"
        "      |                   ^");
}

TEST_CASE("the layers of the architectures follow their patterns") {
  CHECK(kinds(read(tiny(R"("model_type": "mistral", "sliding_window": 32)"))) == "dwdwdwdwdwdw");
  CHECK(kinds(read(tiny(R"("model_type": "mistral", "sliding_window": null)"))) == "dddddd");
  CHECK(kinds(read(tiny(R"("model_type": "gemma2", "sliding_window": 16)"))) == "dwddwddwd");
  CHECK(kinds(read(tiny(R"("model_type": "gemma3_text", "sliding_window": 16)"))) == "dwdwdwdwdwd");
  CHECK(kinds(read(tiny(R"("model_type": "gpt_oss", "sliding_window": 16, "num_local_experts": 4,
 "num_experts_per_tok": 2)"))) == "eweeweewe");
  CHECK(kinds(read(tiny(R"("model_type": "qwen3_moe", "num_experts": 4, "num_experts_per_tok": 2,
 "moe_intermediate_size": 5, "decoder_sparse_step": 2, "mlp_only_layers": [1])"))) == "dddede");
  CHECK(kinds(read(tiny(R"("model_type": "glm4_moe", "n_routed_experts": 4, "num_experts_per_tok": 2,
 "moe_intermediate_size": 5, "n_shared_experts": 2, "first_k_dense_replace": 2)"))) == "ddeeee");
  CHECK(kinds(llm("qwen3_next_80b_a3b")).substr(0, 15) == "eleleleelelelee");
  CHECK(kinds(llm("gpt_oss_20b")).substr(0, 6) == "eweewe");
}

TEST_CASE("a model with shared experts and latent attention has the matrices counted by hand") {
  const LLM v3 = llm("deepseek_v3");
  // q_a 7168x1536, q_b 1536x128x192, kv_a 7168x576, kv_b 512x128x256, o 128x128x7168.
  const double attention =
      7168.0 * 1536 + 1536.0 * 128 * 192 + 7168.0 * 576 + 512.0 * 128 * 256 + 16384.0 * 7168;
  CHECK(v3.attention_matrix({}) == attention);
  // 3 dense layers of 18432; 58 with 256 routed experts and one shared of 2048.
  CHECK(v3.matrix_parameters() == 61 * attention + 3 * 3.0 * 7168 * 18432 + 58 * 257.0 * 3 * 7168 * 2048);
  CHECK(v3.active_matrix_parameters() ==
        doctest::Approx(61 * attention + 3 * 3.0 * 7168 * 18432 + 58 * 9.0 * 3 * 7168 * 2048).epsilon(1e-12));
}

TEST_CASE("the text part of a multi-modal config is taken, with the quantisation of the whole") {
  const LLM llm = read(R"({"model_type": "some_vision", "quantization_config": {"quant_method": "fp8"},
 "text_config": )" + tiny(R"("model_type": "llama")") +
                       "}");
  CHECK(llm.architecture == "llama");
  CHECK(llm.quantisation.weights == "fp8");
}

TEST_CASE("a quantization_config tells the types of the weights") {
  const auto with = [](const std::string& quantisation) {
    return read(tiny(R"("model_type": "llama", "quantization_config": )" + quantisation)).quantisation;
  };
  CHECK(with(R"({"quant_method": "fp8"})").activations == "fp8");
  const Quantisation awq = with(R"({"quant_method": "awq", "bits": 4, "group_size": 64})");
  CHECK(awq.weights == "int4");
  CHECK(awq.activations == "bf16");
  CHECK(awq.group == 64);
  CHECK(with(R"({"quant_method": "gptq", "bits": 8, "group_size": 128})").weights == "int8");
  const Quantisation oss = llm("gpt_oss_120b").quantisation;
  CHECK(oss.weights == "mxfp4");
  CHECK(oss.experts_only);
  const Quantisation w8a8 = with(R"({"quant_method": "compressed-tensors", "config_groups": {"group_0":
 {"weights": {"num_bits": 8, "type": "int"}, "input_activations": {"num_bits": 8, "type": "int"}}},
 "kv_cache_scheme": {"num_bits": 8, "type": "float"}})");
  CHECK(w8a8.weights == "int8");
  CHECK(w8a8.activations == "int8");
  CHECK(w8a8.kv == "fp8");
  CHECK(with(R"({"quant_method": "modelopt", "quant_algo": "NVFP4"})").weights == "nvfp4");
  CHECK(error(tiny(R"("model_type": "llama", "quantization_config": {"quant_method": "gtpq"})"))
            .find("unknown quantisation method 'gtpq'") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::model
