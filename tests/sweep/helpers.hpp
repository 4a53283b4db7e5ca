#pragma once

#include <string>

#include "analysis/sweep/plan.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::sweep {

// A sweep over a small scenario; `body` are the lines of its file behind `scenario`.
struct SweepFiles {
  TestFolder folder;

  SweepFiles() {
    folder.write("base.yaml",
                 "workload: {sessions: 4, source: single_call, single_call: {prompt: 100, output: 10},\n"
                 "  arrival: {kind: closed, concurrency: 2}}\n"
                 "deployment: {model: llama_3_1_8b, tp: 1, replicas: 1, engine: vllm_v1}\n"
                 "platforms: [hgx_h100_x1, rtx_pro_6000_pcie_x1]\n"
                 "prices: [rental_2026, owned_2026]\n"
                 "replications: 2\n");
  }
  SweepSpec load(const std::string& body) const {
    return load_sweep(folder.write("sweep.yaml", "scenario: ./base.yaml\n" + body), {});
  }
  Plan plan(const std::string& body) const { return Plan(load(body)); }
  // The mistakes of a file, without the folder's name.
  std::string mistakes(const std::string& body) const {
    std::string words = message_of<ConfigError>([&] { plan(body); });
    for (size_t at; (at = words.find(folder.path().string() + "/")) != std::string::npos;)
      words.erase(at, folder.path().string().size() + 1);
    return words;
  }
};

inline const char* const kConcurrency =
    "axes: {users: {path: workload.arrival.concurrency, values: [1, 2, 4]}}\n";

}  // namespace agentsim::sweep
