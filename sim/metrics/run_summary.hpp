#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "sim/metrics/distribution_summary.hpp"
#include "sim/metrics/recorder.hpp"
#include "sim/metrics/slo.hpp"

namespace agentsim::metrics {

// The part of a run that counts. Sessions count if they are not among the first `warm_up` share to arrive;
// rates are taken between the first such arrival and the last arrival of all, while the load is still kept
// up.
struct Window {
  double start_s = 0.0;
  double end_s = 0.0;
  uint64_t first_session = 0;

  double length_s() const { return end_s - start_s; }
};

Window window(const Recorder& recorder, double warm_up);

// The figures of one run. Rates are per second of the window; shares are between 0 and 1; an undefined value
// is empty.
struct RunSummary {
  Window window;
  uint64_t sessions = 0;  // that count
  uint64_t calls = 0;     // of those
  DistributionSummary ttft_s, tpot_s, e2e_s, latency_s, active_s;
  serving::TimeSplit mean_path;        // of the critical path of a session
  std::optional<double> slo_calls;     // share of the calls that meet the SLO
  std::optional<double> slo_sessions;  // share of the sessions that meet it
  bool meets_slo = false;
  std::optional<double> sessions_per_s;  // ended in the window
  std::optional<double> goodput_per_s;   // ended in it and met the SLO
  std::optional<double> prompt_tokens_per_s, output_tokens_per_s;
  std::optional<double> hit_share;  // prompt tokens found in the prefix cache, of all calls of the run
  uint64_t cancelled_calls = 0;
  uint64_t preemptions = 0;
  uint64_t evicted_blocks = 0;
  // Of the replicas, over the window.
  std::optional<double> busy_share, fabric_share, mfu, mbu, kv_used_share, kv_cached_share;
};

// What the summary needs to know of the platform.
struct PlatformFacts {
  double peak_flops = 0.0;          // of all GPUs of one replica
  double memory_bytes_per_s = 0.0;  // likewise
  int64_t kv_blocks = 0;            // of a replica
};

RunSummary summarise(const Recorder& recorder, const SLO& slo, double warm_up, const PlatformFacts& platform);
nlohmann::ordered_json to_json(const RunSummary& summary);

}  // namespace agentsim::metrics
