#pragma once

#include "sim/config/reader.hpp"
#include "sim/serving/records.hpp"

namespace agentsim::metrics {

// The service-level objective. 0 switches a limit off. A call meets it if it is within the limits of a call;
// a session meets it if the share `calls` of its calls does and it is within the limits of a session; a
// platform meets it if the share `sessions` of its sessions does.
struct SLO {
  double ttft_s = 0.0;
  double tpot_s = 0.0;
  double active_s = 0.0;  // session latency without human think time
  double calls = 0.95;
  double sessions = 0.9;
};

template <class Visitor>
void describe(Visitor& v, SLO& slo) {
  v.field("ttft", slo.ttft_s, Dimension::time, config::kPositive, "time to first token of a call");
  v.field("tpot", slo.tpot_s, Dimension::time, config::kPositive,
          "time per output token of a call, after the first");
  v.field("active", slo.active_s, Dimension::time, config::kPositive,
          "session latency without human think time");
  v.field("calls", slo.calls, Dimension::number, config::kFraction,
          "share of a session's calls that must meet it");
  v.field("sessions", slo.sessions, Dimension::number, config::kFraction,
          "share of the sessions that must meet it");
}

// First output token - arrival at the gateway.
inline double ttft_s(const serving::CallRecord& call) {
  return call.first_token_s - call.arrival_s;
}
// (E2E - TTFT) / (output tokens - 1); undefined for one token.
inline bool has_tpot(const serving::CallRecord& call) {
  return call.output_tokens > 1;
}
inline double tpot_s(const serving::CallRecord& call) {
  return (call.last_token_s - call.first_token_s) / (call.output_tokens - 1);
}
inline double e2e_s(const serving::CallRecord& call) {
  return call.end_s - call.arrival_s;
}
inline double latency_s(const serving::SessionRecord& session) {
  return session.end_s - session.arrival_s;
}
inline double active_s(const serving::SessionRecord& session) {
  return latency_s(session) - session.path.human_s;
}

inline bool meets(const SLO& slo, const serving::CallRecord& call) {
  return (slo.ttft_s <= 0.0 || ttft_s(call) <= slo.ttft_s) &&
         (slo.tpot_s <= 0.0 || !has_tpot(call) || tpot_s(call) <= slo.tpot_s);
}
inline bool meets(const SLO& slo, const serving::SessionRecord& session, uint32_t calls_that_meet) {
  return (slo.active_s <= 0.0 || active_s(session) <= slo.active_s) &&
         static_cast<double>(calls_that_meet) >= slo.calls * static_cast<double>(session.calls);
}

}  // namespace agentsim::metrics
