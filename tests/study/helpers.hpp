#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "analysis/study/comparison.hpp"
#include "sim/scenario.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::study {

// A small scenario of two platforms; `more` are further lines of its file.
inline Scenario scenario(const workload::TestFolder& folder, const std::string& more) {
  return load_scenario(
      folder.write("s.yaml",
                   "title: Two platforms\n"
                   "workload: {sessions: 9, source: single_call, single_call: {prompt: 100, output: 10},\n"
                   "  arrival: {kind: closed, concurrency: 2}}\n"
                   "deployment: {model: llama_3_1_8b, tp: 4, engine: vllm_v1}\n"
                   "slo: {ttft: 2 s, sessions: 0.9}\n"
                   "platforms:\n"
                   "  - {label: nvlink, platform: hgx_h100_x1}\n"
                   "  - {label: pcie, platform: rtx_pro_6000_pcie_x1}\n" +
                       more));
}

// What summary.json holds of a run; `ttft_s` and `goodput` make it differ from others.
inline nlohmann::ordered_json summary(uint64_t seed, double ttft_s, double goodput_per_s) {
  using Json = nlohmann::ordered_json;
  const auto times = [](double s) { return Json{{"mean", s}, {"p50", s}, {"p90", s}, {"p95", nullptr}}; };
  return {{"seed", seed},
          {"gpus", 8},
          {"gpus_used", 8},
          {"replicas", 2},
          {"ttft_s", times(ttft_s)},
          {"tpot_s", times(0.02)},
          {"session_active_s", times(30.0)},
          {"mean_critical_path",
           {{"network_s", 0.0},
            {"queue_s", 1.0},
            {"prefill_s", 2.0},
            {"decode_s", 20.0},
            {"recompute_s", 0.0},
            {"fabric_s", 7.0},
            {"tool_s", 50.0},
            {"tool_queue_s", 0.0},
            {"human_s", 0.0}}},
          {"slo_sessions_share", 0.96},
          {"sessions_per_s", 0.02},
          {"goodput_per_s", goodput_per_s},
          {"prompt_tokens_per_s", 900.0},
          {"output_tokens_per_s", 100.0},
          {"hit_share", 0.0},
          {"busy_share", 0.5},
          {"fabric_share", 0.2},
          {"mfu", 0.1},
          {"mbu", 0.3}};
}

inline nlohmann::ordered_json run_manifest(const std::string& plans, const std::string& fingerprint) {
  return {{"fingerprint", fingerprint}, {"plans_fingerprint", plans}, {"notes", {"a note of the run"}}};
}

}  // namespace agentsim::study
