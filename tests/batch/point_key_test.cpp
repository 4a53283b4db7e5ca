#include "analysis/batch/point_key.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/base/text_file.hpp"
#include "sim/metrics/recorder.hpp"
#include "sim/simulation.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::batch {
namespace {

std::string text(const std::string& arrival = "{kind: closed, concurrency: 2}",
                 const std::string& platforms = "[hgx_h100_x1]", const std::string& more = "") {
  return "workload: {sessions: 3, source: single_call, single_call: {prompt: 100, output: 10}, arrival: " +
         arrival + "}\ndeployment: {model: llama_3_1_8b, tp: 4, engine: vllm_v1}\nplatforms: " + platforms +
         "\n" + more;
}

std::string key_of(const std::string& yaml, uint64_t seed = 1) {
  const TestFolder folder;
  const Scenario scenario = load_scenario(folder.write("s.yaml", yaml));
  return KeyMaker().key(scenario, scenario.platforms.front(), seed);
}

TEST_CASE("a key is 32 hex digits and the same for the same run") {
  const std::string key = key_of(text());
  CHECK(key.size() == 32);
  CHECK(key.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(key_of(text()) == key);
}

TEST_CASE("what does not change results does not change a key") {
  const std::string key = key_of(text());
  CHECK(key_of(text("{kind: closed, concurrency: 2.0}")) == key);
  CHECK(key_of(text("{kind: closed, concurrency: 2}", "[hgx_h100_x1, hgx_a100_x1]")) == key);
  CHECK(
      key_of(text(
          "{kind: closed, concurrency: 2}", "[hgx_h100_x1]",
          "name: other\ntitle: Another\nreplications: 2\nprices: rental_2026\nstudy: {tolerance: 0.2}\n")) ==
      key);
}

TEST_CASE("all that changes results changes a key") {
  std::vector<std::string> keys{
      key_of(text()),
      key_of(text(), 2),
      key_of(text("{kind: closed, concurrency: 3}")),
      key_of(text("{kind: closed, concurrency: 2}", "[hgx_a100_x1]")),
      key_of(text("{kind: closed, concurrency: 2}", "[{label: x, platform: hgx_h100_x1}]")),
      key_of(
          text("{kind: closed, concurrency: 2}", "[{label: x, platform: hgx_h100_x1, deployment: {tp: 2}}]")),
      key_of(text("{kind: closed, concurrency: 2}", "[hgx_h100_x1]", "slo: {ttft: 1 s}\n")),
      key_of(text("{kind: closed, concurrency: 2}", "[hgx_h100_x1]", "reporting: {warm_up: 0}\n"))};
  std::sort(keys.begin(), keys.end());
  CHECK(std::unique(keys.begin(), keys.end()) == keys.end());
}

TEST_CASE("a file that changes under its name changes the keys of the points that read it") {
  const TestFolder folder;
  const auto key = [&](const char* bandwidth) {
    folder.write("c.yaml",
                 std::string("name: c\nnode: hgx_h100\ncount: 2\nfabric: {kind: star, link_bandwidth: ") +
                     bandwidth + ", latency: 2 us}\n");
    const Scenario scenario =
        load_scenario(folder.write("s.yaml", text("{kind: closed, concurrency: 2}", "[./c.yaml]")));
    return KeyMaker().key(scenario, scenario.platforms.front(), 1);
  };
  CHECK(key("400 Gbps") != key("200 Gbps"));
}

TEST_CASE("a cluster that is written into the scenario counts with all its values") {
  const auto inline_node = [](const char* bandwidth) {
    return text("{kind: closed, concurrency: 2}",
                std::string("[{label: x, platform: {name: c, node: hgx_h100, count: 2, fabric: {kind: star, "
                            "link_bandwidth: ") +
                    bandwidth + ", latency: 2 us}}}]");
  };
  CHECK(key_of(inline_node("400 Gbps")) != key_of(inline_node("100 Gbps")));
}

// A run that reads a file of which its key knows nothing would be taken for one that read another version of
// it.
TEST_CASE("a run reads no file but those that its key knows") {
  Overrides few;
  few.settings = {"workload.sessions=2"};
  const Scenario scenario = load_scenario("scenarios/pcie_vs_nvlink.yaml", few);
  const PlatformChoice& choice = scenario.platforms.front();
  KeyMaker keys;
  keys.key(scenario, choice, 1);
  const FileLog log;
  metrics::Recorder recorder;
  simulate(scenario, choice, 1, recorder);
  CHECK(log.files().size() >= 2);  // the trace and the collectives
  for (const std::string& file : log.files()) CHECK_MESSAGE(keys.knows(file), file);
}

}  // namespace
}  // namespace agentsim::batch
