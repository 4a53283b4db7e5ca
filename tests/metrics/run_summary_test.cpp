#include "sim/metrics/run_summary.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/metrics/records.hpp"

namespace agentsim::metrics {
namespace {

// Ten sessions of one call, one every 10 s; session i has a TTFT of 1 + i / 10 s and ends with 11 tokens 0.1
// s apart.
Recorder ten_sessions() {
  Recorder recorder;
  for (uint64_t i = 0; i < 10; ++i) {
    const auto n = static_cast<double>(i);
    serving::CallRecord c = call(i, 10.0 * n, 1.0 + n / 10.0, 11, 0.1);
    c.hit_tokens = 25;
    record(recorder, {c}, i == 9 ? 3.0 : 0.0);
  }
  recorder.sort();
  return recorder;
}

serving::ReplicaSample sample(double time_s, uint32_t replica, double busy_s, double fabric_s, double flop,
                              double bytes, int64_t used, int64_t cached, int64_t evicted) {
  serving::ReplicaSample s;
  s.time_s = time_s;
  s.replica = replica;
  s.busy_s = busy_s;
  s.fabric_s = fabric_s;
  s.flop = flop;
  s.memory_bytes = bytes;
  s.kv_used_blocks = used;
  s.kv_cached_blocks = cached;
  s.evicted_blocks = evicted;
  return s;
}

TEST_CASE("the window runs from the first session that counts to the last arrival") {
  const Recorder recorder = ten_sessions();
  const Window w = window(recorder, 0.25);  // two and a half of ten: two are left out
  CHECK(w.first_session == 2);
  CHECK(w.start_s == 20.0);
  CHECK(w.end_s == 90.0);
  CHECK(w.length_s() == 70.0);
  CHECK(window(recorder, 0.0).first_session == 0);
  CHECK(window(recorder, 0.9).first_session == 9);
}

TEST_CASE("a run without sessions has an empty window") {
  const Window w = window(Recorder(), 0.1);
  CHECK(w.length_s() == 0.0);
}

TEST_CASE("latencies are those of the sessions that count and not of the warm-up") {
  const RunSummary s = summarise(ten_sessions(), {}, 0.2, {});
  CHECK(s.sessions == 8);
  CHECK(s.calls == 8);
  // Sessions 2 to 9: TTFT 1.2 to 1.9 s, then ten gaps of 0.1 s; the last waits 3 s for a person.
  CHECK(*s.ttft_s.mean == doctest::Approx(1.55));
  CHECK(*s.tpot_s.mean == doctest::Approx(0.1));
  CHECK(*s.e2e_s.mean == doctest::Approx(2.55));
  CHECK(*s.latency_s.mean == doctest::Approx(2.55 + 3.0 / 8.0));
  CHECK(*s.active_s.mean == doctest::Approx(2.55));
  CHECK_FALSE(s.ttft_s.p50);  // only four values beyond it
  CHECK(to_json(s)["mean_critical_path"]["prefill_s"] == doctest::Approx(1.55));
  CHECK(to_json(s)["mean_critical_path"]["human_s"] == doctest::Approx(3.0 / 8.0));
}

TEST_CASE("rates count what ended within the window") {
  // Given the window from 20 s to 90 s: sessions 2 to 8 end in it, the ninth after it.
  const RunSummary s = summarise(ten_sessions(), {}, 0.2, {});
  CHECK(*s.sessions_per_s == doctest::Approx(7.0 / 70.0));
  CHECK(*s.goodput_per_s == doctest::Approx(7.0 / 70.0));
  CHECK(*s.prompt_tokens_per_s == doctest::Approx(700.0 / 70.0));
  CHECK(*s.output_tokens_per_s == doctest::Approx(77.0 / 70.0));
  CHECK(*s.hit_share == doctest::Approx(0.25));
}

TEST_CASE("the SLO is judged by call and session and platform") {
  SLO slo;
  slo.ttft_s = 1.55;  // sessions 2 to 5 of 2 to 9
  slo.calls = 1.0;
  slo.sessions = 0.5;
  const RunSummary s = summarise(ten_sessions(), slo, 0.2, {});
  CHECK(*s.slo_calls == doctest::Approx(0.5));
  CHECK(*s.slo_sessions == doctest::Approx(0.5));
  CHECK(s.meets_slo);
  CHECK(*s.goodput_per_s == doctest::Approx(4.0 / 70.0));
  slo.sessions = 0.51;
  CHECK_FALSE(summarise(ten_sessions(), slo, 0.2, {}).meets_slo);
}

TEST_CASE("the replicas are judged by what their counters gained in the window") {
  Recorder recorder = ten_sessions();
  // Given a window from 20 s to 90 s and samples every 20 s: 20 s to 80 s are seen, what follows is not.
  for (int i = 0; i <= 6; ++i) {
    const double t = 20.0 * i;
    recorder.on_sample(sample(t, 0, 0.5 * t, 0.1 * t, 1e12 * t, 2e9 * t, 10 * i, 20, 2 * i));
    recorder.on_sample(sample(t, 1, 0.25 * t, 0.05 * t, 3e12 * t, 0.0, 0, 60, i));
  }
  const RunSummary s = summarise(recorder, {}, 0.2, {10e12, 4e9, 100});
  CHECK(*s.busy_share == doctest::Approx((0.5 + 0.25) / 2));
  CHECK(*s.fabric_share == doctest::Approx(0.15 / 0.75));
  CHECK(*s.mfu == doctest::Approx(4e12 / 2 / 10e12));
  CHECK(*s.mbu == doctest::Approx(2e9 / 2 / 4e9));
  // 10, 20, 30, 40 and four times nothing of 100 blocks.
  CHECK(*s.kv_used_share == doctest::Approx(100.0 / 8 / 100));
  CHECK(*s.kv_cached_share == doctest::Approx(0.4));
}

TEST_CASE("what is undefined is empty and null and never nought") {
  const RunSummary s = summarise(Recorder(), {}, 0.1, {});
  CHECK(s.sessions == 0);
  for (const auto& value : {s.slo_calls, s.slo_sessions, s.sessions_per_s, s.goodput_per_s,
                            s.prompt_tokens_per_s, s.output_tokens_per_s, s.hit_share, s.busy_share,
                            s.fabric_share, s.mfu, s.mbu, s.kv_used_share, s.kv_cached_share})
    CHECK_FALSE(value);
  const auto json = to_json(s);
  for (const char* key : {"slo_calls_share", "slo_sessions_share", "sessions_per_s", "goodput_per_s",
                          "hit_share", "busy_share", "mfu", "mbu", "kv_used_share"}) {
    CAPTURE(std::string(key));
    CHECK(json[key].is_null());
  }
  CHECK(json["ttft_s"]["mean"].is_null());
  CHECK_FALSE(s.meets_slo);
}

TEST_CASE("a single session has latencies but no rates") {
  Recorder recorder;
  record(recorder, {call(0, 5.0, 1.0, 1, 0.0)});
  const RunSummary s = summarise(recorder, {}, 0.1, {});
  CHECK(*s.latency_s.mean == 1.0);
  CHECK_FALSE(s.tpot_s.mean);
  CHECK_FALSE(s.sessions_per_s);
  CHECK_FALSE(s.output_tokens_per_s);
  CHECK(s.meets_slo);
}

}  // namespace
}  // namespace agentsim::metrics
