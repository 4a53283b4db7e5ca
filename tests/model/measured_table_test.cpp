#include "sim/model/measured_table.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sim/base/diagnostic.hpp"
#include "sim/config/library.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::model {
namespace {

MeasuredTable read(const std::string& text, const std::string& gpu = "") {
  const TestFolder folder;
  MeasuredTable table;
  read_measured(folder.write("t.csv", text), table, gpu);
  return table;
}

std::string error_of(const std::string& text) {
  const TestFolder folder;
  MeasuredTable table;
  try {
    read_measured(folder.write("t.csv", text), table);
  } catch (const ConfigError& error) {
    std::string message = error.what();
    const std::string path = folder.path().string() + "/";
    for (size_t at = message.find(path); at != std::string::npos; at = message.find(path))
      message.erase(at, path.size());
    return message;
  }
  return "";
}

TEST_CASE("a table of matrix products is known by its columns, whatever their order") {
  const MeasuredTable table =
      read("k,latency_ms,gemm_dtype,n,m,note\n64,0.5,bfloat16,32,16,x\n64,1,fp8,32,8,y\n");
  REQUIRE(table.gemm.size() == 2);
  CHECK(table.gemm[0].dtype == "bf16");
  CHECK(table.gemm[0].m == 16.0);
  CHECK(table.gemm[0].n == 32.0);
  CHECK(table.gemm[0].k == 64.0);
  CHECK(table.gemm[0].seconds == doctest::Approx(5e-4));
  CHECK(table.gemm[1].dtype == "fp8");
}

TEST_CASE("prompts have no cached prefix unless the table says so") {
  const std::string columns = "kv_cache_dtype,batch_size,isl,num_heads,num_key_value_heads,head_dim";
  CHECK(read(columns + ",latency_ms\nfp8,2,512,32,8,128,1\n").prefill_attention.at(0).chunk.cached == 0.0);
  const MeasuredTable table = read(columns + ",cached,latency_ms\nfp8,2,512,32,8,128,4096,1\n");
  CHECK(table.prefill_attention.at(0).chunk.cached == 4096.0);
  CHECK(table.prefill_attention.at(0).sequences == 2.0);
  CHECK(table.prefill_attention.at(0).shape.kv_heads == 8.0);
}

TEST_CASE("a layer of Vidur becomes its products and the kernels between them") {
  const MeasuredTable table = read(
      "gpu,model,tp,num_tokens,n_head,n_kv_head,n_embd,n_ffn,input_layernorm_ms,attn_pre_proj_ms,attn_rope_"
      "ms,"
      "attn_post_proj_ms,post_attention_layernorm_ms,mlp_up_proj_ms,mlp_act_ms,mlp_down_proj_ms,add_ms\n"
      "a100,x,2,10,64,8,8192,28672,1,2,3,4,5,6,7,8,9\nh100,x,2,10,64,8,8192,28672,1,2,3,4,5,6,7,8,9\n",
      "a100");
  REQUIRE(table.layers.size() == 1);
  const MeasuredLayer& layer = table.layers[0];
  CHECK(layer.seconds == doctest::Approx(45e-3));
  REQUIRE(layer.gemm.size() == 4);
  CHECK(layer.gemm[0].n == 4096.0 + 2.0 * 4 * 128);  // 32 query heads and 4 KV heads of 128
  CHECK(layer.gemm[2].n == 28672.0);                 // gate and up, halved by two GPUs
  CHECK(layer.gemm[3].k == 14336.0);
  CHECK(layer.elementwise.at(2).bytes == 10 * 3.0 * 14336 * 2);
}

TEST_CASE("the half of a row depends on its shape alone") {
  const MeasuredTable one = read("gemm_dtype,m,n,k,latency_ms\nfp8,1,2,3,9\nbf16,5,6,7,9\n");
  const MeasuredTable two = read("gemm_dtype,m,n,k,latency_ms\nbfloat16,5.0,6,7,1\nfp8,1,2,3,4\n");
  CHECK(one.gemm[0].is_fitted == two.gemm[1].is_fitted);
  CHECK(one.gemm[1].is_fitted == two.gemm[0].is_fitted);
}

TEST_CASE("the shipped tables are read, and their halves are halves") {
  for (const char* gpu : {"a100_sxm_80gb", "h100_sxm", "l40s", "rtx_pro_6000_server"}) {
    CAPTURE(gpu);
    MeasuredTable table;
    for (const char* kernel : {"gemm", "prefill_attention", "decode_attention", "moe"})
      read_measured(
          (config::Library::root() / "platforms/measured" / gpu / (std::string(kernel) + ".csv.gz")).string(),
          table);
    CHECK(table.gemm.size() > 6000);
    CHECK(table.prefill_attention.size() > 4000);
    CHECK(table.decode_attention.size() > 4000);
    CHECK(table.moe.size() > 2000);
    double fitted = 0.0;
    for (const MeasuredGemm& row : table.gemm) fitted += row.is_fitted ? 1.0 : 0.0;
    // Three standard deviations of a fair coin.
    CHECK(std::abs(fitted / static_cast<double>(table.gemm.size()) - 0.5) < 0.5 * 3.0 / std::sqrt(6000.0));
  }
}

TEST_CASE("wrong values of a measured table are told with their place") {
  CHECK(error_of("gemm_dtype,m,n,k,latency_ms\nbf16,0,2,3,1\nfp16,1,2,3,0\ntf32,1,2,3,1\n") ==
        "t.csv:2:6: m must be at least 1\n    2 | bf16,0,2,3,1\n      |      ^\n"
        "t.csv:3:12: latency_ms must be more than 0\n    3 | fp16,1,2,3,0\n      |            ^\n"
        "t.csv:4:1: gemm_dtype must be bf16, bfloat16, float16, fp8 or nvfp4, not 'tf32'\n"
        "    4 | tf32,1,2,3,1\n      | ^~~~");
}

TEST_CASE("a table of something else is refused") {
  CHECK(error_of("a,b\n1,2\n") ==
        "t.csv: is no table of measured kernels\n"
        "  note: it wants the columns gemm_dtype, isl, kv_len, moe_dtype, attn_pre_proj_ms or bytes: "
        "platforms/measured/README.md");
}

TEST_CASE("a missing column of a measured table is named") {
  CHECK(error_of("gemm_dtype,m,n,latency_ms\nfp8,1,2,1\n").find("has no column 'k'") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::model
