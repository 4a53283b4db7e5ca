#include <doctest/doctest.h>

#include "tests/simulation/helpers.hpp"

// Replicas whose weights travel before they serve: Llama 3.1 8B has 8.03e9 parameters of two bytes.
namespace agentsim {
namespace {

constexpr double kWeightBytes = 2 * 8.03e9;

std::string scenario(const std::string& deployment) {
  return "workload: {sessions: 2, source: single_call, single_call: {prompt: 100, output: 5}, arrival: "
         "{kind: closed,"
         " concurrency: 2}}\n"
         "deployment: {model: llama_3_1_8b, router: least_outstanding, " +
         deployment + "}\nplatforms: [rtx_pro_6000_pcie_x1]\n";
}

double bytes_on(const Files& files, const std::string& link, const std::string& traffic) {
  std::istringstream lines(files.at("links.csv"));
  const std::string start = link + "," + traffic + ",";
  for (std::string line; std::getline(lines, line);)
    if (line.compare(0, start.size(), start) == 0)
      return std::atof(line.substr(line.find(',', start.size()) + 1).c_str());
  return 0.0;
}

double first_scheduled_s(const Files& files) {
  const Table calls(files.at("calls.csv"));
  double first = 1e9;
  for (size_t row = 0; row < calls.size(); ++row) first = std::min(first, calls.at(row, "scheduled_s"));
  return first;
}

TEST_CASE("weights from host memory share the uplink of their switch and the replica waits for them") {
  // Both GPUs' halves over one uplink of 57.03 GB/s (15.754 x 4 of which 0.905 are reached): 16.06 GB in 281.6 ms.
  const Files files = run_text(scenario("tp: 2, replicas: 1, load_weights: host"));
  const double uplink = 4 * 15.754e9 * 0.905;
  CHECK(first_scheduled_s(files) == doctest::Approx(kWeightBytes / uplink).epsilon(1e-3));
  CHECK(bytes_on(files, "n0/rp0>sw0", "weights") == doctest::Approx(kWeightBytes).epsilon(1e-3));
  CHECK(bytes_on(files, "n0/sw0>gpu0", "weights") == doctest::Approx(kWeightBytes / 2).epsilon(1e-3));
  CHECK(bytes_on(files, "n0/sw0>gpu2", "weights") == 0.0);
  const Table calls(files.at("calls.csv"));
  for (size_t row = 0; row < calls.size(); ++row)
    CHECK(calls.at(row, "queue_s") == doctest::Approx(first_scheduled_s(files)).epsilon(1e-3));
}

TEST_CASE("replicas of one switch load at half the rate each") {
  // Two replicas of one GPU each, and the whole model for both.
  const Files files = run_text(scenario("tp: 1, replicas: 2, load_weights: host"));
  CHECK(first_scheduled_s(files) == doctest::Approx(2 * kWeightBytes / (4 * 15.754e9 * 0.905)).epsilon(1e-3));
}

TEST_CASE("weights from storage come as fast as its drives, those from the network as its NIC") {
  const Files storage = run_text(scenario("tp: 2, replicas: 1, load_weights: storage"));
  CHECK(first_scheduled_s(storage) == doctest::Approx(kWeightBytes / 27e9).epsilon(1e-3));
  CHECK(bytes_on(storage, "n0/nvme0>cpu0", "weights") == doctest::Approx(kWeightBytes).epsilon(1e-3));
  const Files network = run_text(scenario("tp: 2, replicas: 1, load_weights: network"));
  CHECK(first_scheduled_s(network) == doctest::Approx(kWeightBytes / 50e9).epsilon(1e-3));
  CHECK(bytes_on(network, "n0/fabric>nic0", "weights") == doctest::Approx(kWeightBytes).epsilon(1e-3));
}

TEST_CASE("a run that loads weights has the same bytes step by step, and off means that none travel") {
  const std::string yaml = scenario("tp: 2, replicas: 2, load_weights: host");
  const Files fast = run_text(yaml);
  const Files slow = run_text(yaml, {}, "step_by_step");
  for (const char* name : {"calls.csv", "links.csv"}) CHECK((fast.at(name) == slow.at(name)));
  const Files off = run_text(scenario("tp: 2, replicas: 2"));
  CHECK(off.at("links.csv").find("weights") == std::string::npos);
  CHECK(first_scheduled_s(off) < 1e-3);
}

}  // namespace
}  // namespace agentsim
