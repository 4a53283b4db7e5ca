#include <doctest/doctest.h>

#include "sim/config/library.hpp"
#include "tests/simulation/helpers.hpp"

namespace agentsim {
namespace {

// The recorded sessions in the order of their file, on four-GPU replicas of the platform.
std::string recorded(const std::string& platform) {
  const std::string file =
      (config::Library::root() / "scenarios/traces/claude_code_533_sessions.csv.gz").string();
  return "workload:\n"
         "  source: claude_code_csv\n"
         "  claude_code_csv: {file: " +
         file +
         ", order: file, max_tool_gap: 5 min, max_human_gap: 10 min}\n"
         "  arrival: {kind: closed, concurrency: 8}\n"
         "deployment: {model: llama_3_3_70b, precision: {weights: fp8, kv: fp8}, tp: 4, engine: vllm_v1,\n"
         "             router: session_affinity}\n"
         "platforms: [" +
         platform +
         "]\n"
         "reporting: {sample_interval: 7 s}\n";
}

const std::vector<std::string> kSlice{"workload.sessions=40"};

std::vector<std::string> with(std::vector<std::string> settings, const std::vector<std::string>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

void check_equal(const Files& a, const Files& b) {
  for (const auto& [name, text] : a) {
    CAPTURE(name);
    CHECK(text.size() > 100);
    CHECK((text == b.at(name)));  // in brackets: a difference is not printed
  }
}

Files check_modes(const std::vector<std::string>& settings) {
  const std::string yaml = recorded("rtx_pro_6000_pcie_x1");
  const Files fast = run_text(yaml, settings);
  check_equal(fast, run_text(yaml, settings, "step_by_step"));
  return fast;
}

TEST_CASE("both engines write the same bytes for recorded sessions on PCIe") {
  // Given 40 recorded sessions, then the fast engine's files are those of the step-by-step one.
  const Files files = check_modes(kSlice);
  CHECK(summary(files)["preemptions"] == 0);
  CHECK(summary(files)["planned_calls"] > 1000);
}

TEST_CASE("both engines write the same bytes when blocks are short") {
  // Given 40 recorded sessions on two replicas with blocks for little more than the longest call, then there
  // are preemptions and evictions, and the bytes are the same.
  const Files files =
      check_modes(with(kSlice, {"deployment.kv_blocks=54100", "workload.arrival.concurrency=24"}));
  const Table calls(files.at("calls.csv"));
  CHECK(calls.sum("preemptions") > 20);
  CHECK(calls.sum("recomputed_tokens") > 100);
  CHECK(calls.sum("recompute_s") > 0.0);
  CHECK(summary(files)["evicted_blocks"] > 1000);
}

TEST_CASE("both engines write the same bytes when prompts cross the links of the collectives") {
  // Given prompts on a slow cable, each on its way for a second over links that the collectives of its replica share, then
  // their rates change in the middle of steps, if only by what such a flow takes, and the bytes are the same. (What larger
  // flows do to both engines: contention_test.cpp.)
  const char* const yaml =
      "workload:\n"
      "  sessions: 60\n"
      "  source: single_call\n"
      "  single_call: {prefix: 3000, prompt: {uniform: {low: 500, high: 9000}}, output: {uniform: {low: 20, "
      "high: 400}}}\n"
      "  arrival: {kind: poisson, rate: 3/s}\n"
      "deployment: {model: llama_3_1_8b, tp: 4, replicas: 2, engine: vllm_v1}\n"
      "platforms: [{label: slow, platform: {name: slow, node: rtx_pro_6000_pcie_8gpu, count: 1,\n"
      "            fabric: {kind: star, link_bandwidth: 40 kB/s, latency: 1us}}}]\n"
      "reporting: {sample_interval: 0.3 s}\n";
  const Files fast = run_text(yaml);
  check_equal(fast, run_text(yaml, {}, "step_by_step"));
}

TEST_CASE("the same seed gives the same bytes and another seed others") {
  // Given drawn sessions, then two runs of one seed agree in every file, and those of another seed differ.
  const std::string yaml =
      "workload:\n"
      "  sessions: 6\n"
      "  source: roles\n"
      "  roles: {file: coding_agent, root: engineer}\n"
      "  arrival: {kind: poisson, rate: 1/min}\n"
      "deployment: {model: llama_3_1_8b, tp: 1, replicas: 2, engine: vllm_v1, router: random}\n"
      "platforms: [hgx_h100_x1]\n";
  const Files first = run_text(yaml);
  check_equal(first, run_text(yaml));
  const Files other = run_text(yaml, {}, "fast", 2);
  for (const char* name : {"summary.json", "sessions.csv", "calls.csv"})
    CHECK((first.at(name) != other.at(name)));
}

TEST_CASE("the recorded sessions lose no call and find what an endless cache can hold") {
  // Given all 533 recorded sessions on one replica with blocks without end, then each of the 37 433 calls is
  // answered once and the cache gives 96.34 % of the prompt tokens, which is what the trace itself allows.
  const Files files = run_text(
      recorded("hgx_h100_x1"),
      {"deployment.kv_blocks=1000000000", "deployment.replicas=1", "reporting.sample_interval=60 s"});
  const nlohmann::json s = summary(files);
  const Table calls(files.at("calls.csv"));
  CHECK(s["planned_calls"] == 37433);
  CHECK(calls.size() == 37433);
  CHECK(Table(files.at("sessions.csv")).size() == 533);
  CHECK(calls.sum("hit_tokens") / calls.sum("prompt_tokens") == doctest::Approx(0.9634).epsilon(0.01));
  CHECK(s["evicted_blocks"] == 0);
  CHECK(calls.sum("preemptions") == 0.0);
  double last = -1.0;
  for (size_t row = 0; row < calls.size(); ++row) {
    const double id = calls.at(row, "session") * 1e8 + calls.at(row, "agent") * 1e5 + calls.at(row, "call");
    REQUIRE(id > last);
    last = id;
  }
}

}  // namespace
}  // namespace agentsim
