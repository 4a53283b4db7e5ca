#include <doctest/doctest.h>

#include "analysis/fidelity/report.hpp"

// What the validation book says today, as upper bounds with a little room, so that a loss shows.
namespace agentsim::fidelity {
namespace {

const Errors& all_sizes(const std::vector<Chapter>& book, const std::string& gpu, const std::string& op) {
  for (const Chapter& chapter : book)
    for (const Line& line : chapter.lines)
      if (line.gpu == gpu && line.op == op && line.size == "all") return line.errors;
  FAIL("no line for " << gpu << ", " << op);
  return book.front().lines.front().errors;
}

TEST_CASE("errors are shares of what was measured") {
  // Ratios 0.5, 1.0, 1.1, 1.2, 2.0: errors 0, 0.1, 0.2, 0.5, 1; nine tenths of the way through four gaps is
  // 0.8.
  const Errors e = errors_of({{"", "", "", 1, 2},
                              {"", "", "", 2, 2},
                              {"", "", "", 11, 10},
                              {"", "", "", 12, 10},
                              {"", "", "", 4, 2}});
  CHECK(e.rows == 5);
  CHECK(e.median == doctest::Approx(0.2));
  CHECK(e.p90 == doctest::Approx(0.8));
  CHECK(e.worst == doctest::Approx(1.0));
  CHECK(e.bias == doctest::Approx(0.1));
}

TEST_CASE("an unknown table is named with those there are") {
  CHECK_THROWS_WITH_AS(read_book({"splitwize"}), doctest::Contains("did you mean 'splitwise'"), ConfigError);
}

TEST_CASE("matrix products stay as near to the held-out half as they are") {
  const auto book = read_book({"kernel_gemm"});
  const auto median = [&](const char* gpu, const char* op) { return all_sizes(book, gpu, op).median; };
  CHECK(median("a100_sxm_80gb", "gemm bf16") < 0.053);
  CHECK(median("h100_sxm", "gemm bf16") < 0.049);
  CHECK(median("h100_sxm", "gemm fp8") < 0.053);
  CHECK(median("l40s", "gemm bf16") < 0.08);
  CHECK(median("l40s", "gemm fp8") < 0.078);
  CHECK(median("rtx_pro_6000_server", "gemm bf16") < 0.105);
  CHECK(median("rtx_pro_6000_server", "gemm fp8") < 0.025);
  CHECK(median("rtx_pro_6000_server", "gemm nvfp4") < 0.055);
  CHECK(all_sizes(book, "l40s", "gemm bf16").p90 < 0.25);
}

TEST_CASE("experts stay as near to the held-out half as they are") {
  const auto book = read_book({"kernel_moe"});
  const auto median = [&](const char* gpu, const char* op) { return all_sizes(book, gpu, op).median; };
  CHECK(median("a100_sxm_80gb", "moe bf16") < 0.078);
  CHECK(median("h100_sxm", "moe bf16") < 0.073);
  CHECK(median("h100_sxm", "moe fp8") < 0.062);
  CHECK(median("l40s", "moe bf16") < 0.07);
  CHECK(median("l40s", "moe fp8") < 0.075);
  CHECK(median("rtx_pro_6000_server", "moe bf16") < 0.065);
  CHECK(median("rtx_pro_6000_server", "moe fp8") < 0.073);
  // All lines meet the target of their chapter.
  CHECK(book.front().verdicts.front().is_met());
}

TEST_CASE("attention stays as near to the held-out half as it is") {
  const auto book = read_book({"kernel_prefill_attention", "kernel_decode_attention"});
  const auto median = [&](const char* gpu, const char* op) { return all_sizes(book, gpu, op).median; };
  CHECK(median("a100_sxm_80gb", "prefill attention bf16") < 0.033);
  CHECK(median("h100_sxm", "prefill attention bf16") < 0.059);
  CHECK(median("h100_sxm", "prefill attention fp8") < 0.071);
  CHECK(median("l40s", "prefill attention bf16") < 0.08);
  CHECK(median("rtx_pro_6000_server", "prefill attention bf16") < 0.048);
  CHECK(median("a100_sxm_80gb", "decode attention bf16") < 0.05);
  CHECK(median("h100_sxm", "decode attention bf16") < 0.039);
  CHECK(median("l40s", "decode attention fp8") < 0.022);
  CHECK(median("rtx_pro_6000_server", "decode attention bf16") < 0.015);
  // What is not judged is told: the fp8 tables that beat the peak of two GPUs.
  CHECK(book.front().left_out.size() == 2);
}

TEST_CASE("a GPU's own curves are nearer than its relative's") {
  const auto own = read_book({"kernel_gemm"}), relative = read_book({"leave_one_gpu_out"});
  for (const char* gpu : {"a100_sxm_80gb", "h100_sxm", "l40s", "rtx_pro_6000_server"}) {
    CAPTURE(gpu);
    CHECK(all_sizes(own, gpu, "gemm bf16").median < all_sizes(relative, gpu, "gemm bf16").median);
    CHECK(all_sizes(relative, gpu, "gemm bf16").median < 0.25);
  }
}

TEST_CASE("layers and steps that no fit read stay as near as they are") {
  const auto book = read_book({"llmservingsim_attention", "llmservingsim_dense", "vidur_mlp"});
  CHECK(all_sizes(book, "rtx_pro_6000_server", "attention, mixed").median < 0.07);
  CHECK(all_sizes(book, "rtx_pro_6000_server", "attention, prefill").median < 0.045);
  CHECK(all_sizes(book, "rtx_pro_6000_server", "down_proj").median < 0.06);
  CHECK(all_sizes(book, "a40", "matrices of a layer, shipped curves").median < 0.06);
  CHECK(all_sizes(book, "h100_sxm", "matrices of a layer, shipped curves").median < 0.19);
  for (const char* gpu : {"a100_sxm_80gb", "a40", "h100_sxm"})
    CHECK(all_sizes(book, gpu, "calibrated matrices of a layer").median < 0.05);
}

TEST_CASE("steps launched kernel by kernel stay as near to the held-out half as they are") {
  const auto book = read_book({"splitwise"});
  const auto median = [&](const char* gpu, const char* op) { return all_sizes(book, gpu, op).median; };
  for (const char* gpu : {"a100_sxm_80gb", "h100_sxm"}) {
    CHECK(median(gpu, "decode TP2") < 0.07);
    CHECK(median(gpu, "decode TP8") < 0.09);
    CHECK(median(gpu, "prefill TP2") < 0.11);
  }
  CHECK(median("h100_sxm", "prefill TP8") < 0.05);
  CHECK(median("a100_sxm_80gb", "prefill TP8") < 0.19);  // over the target of 10 %
  // Batches of one shape are of one half, and those that ran in parts are told.
  CHECK(book.front().left_out.front().rows == 10);
  CHECK(book.front().rows.size() == 2 * 225);
}

TEST_CASE("a target is met if every line over all sizes meets it") {
  const auto book = read_book({"llmservingsim_run"});
  const Verdict& verdict = book.front().verdicts.front();
  CHECK(verdict.lines == 3);  // the mean E2E is told but has no target
  CHECK(verdict.met == 3);
  CHECK(verdict.is_met());
  CHECK_FALSE(book.front().in_sample);
  for (const Line& line : book.front().lines) CHECK(line.errors.median < 0.02);
}

TEST_CASE("replayed requests of APEX stay as near as they are") {
  const auto book = read_book({"apex"});
  CHECK(all_sizes(book, "h100_sxm", "mean TPOT").median < 0.05);
  CHECK(all_sizes(book, "h100_sxm", "mean TPOT").rows == 4);
  CHECK(book.front().rows.size() == 12);  // six runs, two of which are fitted
}

TEST_CASE("served runs of InferenceX stay as near as they are") {
  const auto book = read_book({"inferencex"});
  const auto median = [&](const char* op) { return all_sizes(book, "h100_sxm", op).median; };
  CHECK(median("TPOT sglang Qwen3-32B bf16 TP2") < 0.03);
  CHECK(median("TPOT sglang Qwen3-32B bf16 TP8") < 0.02);
  CHECK(median("TTFT sglang Qwen3-32B bf16 TP8") < 0.07);
  CHECK(median("TPOT trtllm Qwen3-32B fp8 TP1") < 0.07);
  CHECK(median("TPOT trtllm Qwen3-32B fp8 TP8") < 0.1);
  CHECK(median("TPOT vllm Llama-3.1-70B fp8 TP2") < 0.05);
  CHECK(median("TPOT vllm Llama-3.1-70B fp8 TP8") < 0.025);
  CHECK(median("TTFT vllm Llama-3.1-70B fp8 TP8") < 0.06);
  CHECK(median("TPOT vllm Qwen3-32B bf16 TP2") < 0.035);
  CHECK(median("TPOT vllm Qwen3-32B bf16 TP8") < 0.025);
  CHECK(median("TPOT vllm gpt-oss-120b fp4 TP2") < 0.06);
  CHECK(median("TPOT vllm gpt-oss-120b fp4 TP8") < 0.03);
  // No row vanishes: what cannot be simulated is told.
  size_t rows = 0;
  for (const Row& row : book.front().rows) rows += row.op.rfind("TPOT", 0) == 0 ? 1 : 0;
  for (const LeftOut& left : book.front().left_out) rows += left.rows;
  CHECK(rows == 327);
}

TEST_CASE("ratios of machines in MLPerf stay within 15 %") {
  const auto book = read_book({"mlperf"});
  CHECK(book.front().rows.size() == 6);
  CHECK(book.front().verdicts.front().is_met());
}

}  // namespace
}  // namespace agentsim::fidelity
