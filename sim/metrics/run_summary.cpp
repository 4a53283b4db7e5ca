#include "sim/metrics/run_summary.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace agentsim::metrics {
namespace {

using Json = nlohmann::ordered_json;

std::optional<double> ratio(double part, double whole) {
  if (!(whole > 0.0)) return {};
  return part / whole;
}

struct CallFigures {
  std::vector<double> ttft, tpot, e2e;
  uint64_t meeting = 0;
  double prompt_tokens = 0.0, hit_tokens = 0.0, output_tokens = 0.0;
};

// Differences of the replicas' counters over the window, and time averages of their state.
void add_replicas(const Recorder& recorder, const PlatformFacts& platform, RunSummary& s) {
  std::map<uint32_t, serving::ReplicaSample> first, last;
  double used = 0.0, cached = 0.0;
  uint64_t samples = 0;
  for (const serving::ReplicaSample& sample : recorder.samples()) {
    if (sample.time_s > s.window.end_s && last.count(sample.replica) > 0) continue;
    if (sample.time_s <= s.window.start_s || first.count(sample.replica) == 0) first[sample.replica] = sample;
    last[sample.replica] = sample;
    if (sample.time_s < s.window.start_s) continue;
    used += static_cast<double>(sample.kv_used_blocks);
    cached += static_cast<double>(sample.kv_cached_blocks);
    ++samples;
  }
  double busy = 0.0, fabric = 0.0, elapsed = 0.0, flop = 0.0, bytes = 0.0;
  for (const auto& [replica, end] : last) {
    const serving::ReplicaSample& start = first[replica];
    elapsed += end.time_s - start.time_s;
    busy += end.busy_s - start.busy_s;
    fabric += end.fabric_s - start.fabric_s;
    flop += end.flop - start.flop;
    bytes += end.memory_bytes - start.memory_bytes;
    s.evicted_blocks += static_cast<uint64_t>(end.evicted_blocks - start.evicted_blocks);
  }
  s.busy_share = ratio(busy, elapsed);
  s.fabric_share = ratio(fabric, busy);
  s.mfu = ratio(flop, elapsed * platform.peak_flops);
  s.mbu = ratio(bytes, elapsed * platform.memory_bytes_per_s);
  const double slots = static_cast<double>(samples) * static_cast<double>(platform.kv_blocks);
  s.kv_used_share = ratio(used, slots);
  s.kv_cached_share = ratio(cached, slots);
}

void add_sessions(const Recorder& recorder, const SLO& slo, const std::map<uint64_t, uint32_t>& meeting,
                  RunSummary& s) {
  std::vector<double> latency, active;
  uint64_t met = 0, ended = 0, ended_met = 0;
  for (const serving::SessionRecord& session : recorder.sessions()) {
    const auto found = meeting.find(session.session);
    const bool good = meets(slo, session, found == meeting.end() ? 0 : found->second);
    if (session.end_s > s.window.start_s && session.end_s <= s.window.end_s) {
      ++ended;
      ended_met += good ? 1 : 0;
    }
    if (session.session < s.window.first_session) continue;
    ++s.sessions;
    met += good ? 1 : 0;
    s.mean_path += session.path;
    s.cancelled_calls += session.cancelled_calls;
    s.preemptions += session.preemptions;
    latency.push_back(latency_s(session));
    active.push_back(active_s(session));
  }
  s.latency_s = summarise(std::move(latency));
  s.active_s = summarise(std::move(active));
  s.slo_sessions = ratio(static_cast<double>(met), static_cast<double>(s.sessions));
  s.meets_slo = s.slo_sessions && *s.slo_sessions >= slo.sessions;
  s.sessions_per_s = ratio(static_cast<double>(ended), s.window.length_s());
  s.goodput_per_s = ratio(static_cast<double>(ended_met), s.window.length_s());
}

Json value(const std::optional<double>& v) {
  return v ? Json(*v) : Json();
}

}  // namespace

Window window(const Recorder& recorder, double warm_up) {
  Window w;
  const auto& sessions = recorder.sessions();
  if (sessions.empty()) return w;
  const auto skip = static_cast<size_t>(std::floor(warm_up * static_cast<double>(sessions.size())));
  w.first_session = sessions[std::min(skip, sessions.size() - 1)].session;
  w.start_s = sessions[std::min(skip, sessions.size() - 1)].arrival_s;
  for (const serving::SessionRecord& session : sessions) w.end_s = std::max(w.end_s, session.arrival_s);
  return w;
}

RunSummary summarise(const Recorder& recorder, const SLO& slo, double warm_up,
                     const PlatformFacts& platform) {
  RunSummary s;
  s.window = window(recorder, warm_up);
  CallFigures figures;
  std::map<uint64_t, uint32_t> meeting;  // calls that meet the SLO, by session
  double prompt = 0.0, hit = 0.0;
  for (const serving::CallRecord& call : recorder.calls()) {
    prompt += call.prompt_tokens;
    hit += call.hit_tokens;
    const bool good = meets(slo, call);
    meeting[call.session] += good ? 1 : 0;
    if (call.end_s > s.window.start_s && call.end_s <= s.window.end_s) {
      figures.prompt_tokens += call.prompt_tokens;
      figures.output_tokens += call.output_tokens;
    }
    if (call.session < s.window.first_session) continue;
    ++s.calls;
    figures.meeting += good ? 1 : 0;
    figures.ttft.push_back(ttft_s(call));
    if (has_tpot(call)) figures.tpot.push_back(tpot_s(call));
    figures.e2e.push_back(e2e_s(call));
  }
  s.ttft_s = summarise(std::move(figures.ttft));
  s.tpot_s = summarise(std::move(figures.tpot));
  s.e2e_s = summarise(std::move(figures.e2e));
  s.slo_calls = ratio(static_cast<double>(figures.meeting), static_cast<double>(s.calls));
  s.prompt_tokens_per_s = ratio(figures.prompt_tokens, s.window.length_s());
  s.output_tokens_per_s = ratio(figures.output_tokens, s.window.length_s());
  s.hit_share = ratio(hit, prompt);
  add_sessions(recorder, slo, meeting, s);
  add_replicas(recorder, platform, s);
  return s;
}

Json to_json(const RunSummary& s) {
  Json path = Json::object();
  const auto n = static_cast<double>(std::max<uint64_t>(1, s.sessions));
  const serving::TimeSplit& p = s.mean_path;
  path["network_s"] = p.network_s / n;
  path["queue_s"] = p.queue_s / n;
  path["prefill_s"] = p.prefill_s / n;
  path["decode_s"] = p.decode_s / n;
  path["recompute_s"] = p.recompute_s / n;
  path["fabric_s"] = p.fabric_s / n;
  path["tool_s"] = p.tool_s / n;
  path["tool_queue_s"] = p.tool_queue_s / n;
  path["human_s"] = p.human_s / n;
  return {{"window_start_s", s.window.start_s},
          {"window_end_s", s.window.end_s},
          {"sessions", s.sessions},
          {"calls", s.calls},
          {"ttft_s", to_json(s.ttft_s)},
          {"tpot_s", to_json(s.tpot_s)},
          {"e2e_s", to_json(s.e2e_s)},
          {"session_latency_s", to_json(s.latency_s)},
          {"session_active_s", to_json(s.active_s)},
          {"mean_critical_path", path},
          {"slo_calls_share", value(s.slo_calls)},
          {"slo_sessions_share", value(s.slo_sessions)},
          {"meets_slo", s.meets_slo},
          {"sessions_per_s", value(s.sessions_per_s)},
          {"goodput_per_s", value(s.goodput_per_s)},
          {"prompt_tokens_per_s", value(s.prompt_tokens_per_s)},
          {"output_tokens_per_s", value(s.output_tokens_per_s)},
          {"hit_share", value(s.hit_share)},
          {"cancelled_calls", s.cancelled_calls},
          {"preemptions", s.preemptions},
          {"evicted_blocks", s.evicted_blocks},
          {"busy_share", value(s.busy_share)},
          {"fabric_share", value(s.fabric_share)},
          {"mfu", value(s.mfu)},
          {"mbu", value(s.mbu)},
          {"kv_used_share", value(s.kv_used_share)},
          {"kv_cached_share", value(s.kv_cached_share)}};
}

}  // namespace agentsim::metrics
