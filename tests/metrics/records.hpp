#pragma once

#include <string>
#include <vector>

#include "sim/metrics/recorder.hpp"

// Records of runs that never ran.
namespace agentsim::metrics {

// A call that arrives, has its first token after `ttft`, the others `tpot` apart, and its reply at once.
inline serving::CallRecord call(uint64_t session, double arrival_s, double ttft_s, uint32_t output,
                                double tpot_s) {
  serving::CallRecord c;
  c.session = session;
  c.arrival_s = c.queued_s = c.scheduled_s = arrival_s;
  c.first_token_s = arrival_s + ttft_s;
  c.last_token_s = c.first_token_s + (output - 1) * tpot_s;
  c.end_s = c.last_token_s;
  c.prompt_tokens = 100;
  c.output_tokens = output;
  c.split.prefill_s = ttft_s;
  c.split.decode_s = c.last_token_s - c.first_token_s;
  return c;
}

// A session of those calls, with think time on its path.
inline serving::SessionRecord session(const std::vector<serving::CallRecord>& calls, double human_s = 0.0) {
  serving::SessionRecord s;
  s.session = calls.front().session;
  s.name = std::to_string(s.session);
  s.arrival_s = calls.front().arrival_s;
  s.end_s = calls.back().end_s + human_s;
  s.agents = 1;
  s.calls = static_cast<uint32_t>(calls.size());
  for (const serving::CallRecord& c : calls) {
    s.prompt_tokens += c.prompt_tokens;
    s.output_tokens += c.output_tokens;
    s.path += c.split;
  }
  s.path.human_s = human_s;
  return s;
}

inline void record(Recorder& recorder, const std::vector<serving::CallRecord>& calls, double human_s = 0.0) {
  recorder.on_session_end(session(calls, human_s), calls);
}

}  // namespace agentsim::metrics
