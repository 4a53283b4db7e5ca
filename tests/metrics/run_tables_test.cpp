#include "sim/metrics/run_tables.hpp"

#include <doctest/doctest.h>

#include <map>
#include <sstream>

#include "tests/metrics/records.hpp"

namespace agentsim::metrics {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',')
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

// The rows of a CSV without quoted cells, by the names of their columns.
std::vector<std::map<std::string, std::string>> rows(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> names = split(line);
  std::vector<std::map<std::string, std::string>> all;
  while (std::getline(lines, line)) {
    const std::vector<std::string> cells = split(line);
    REQUIRE(cells.size() == names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      if (i == 0) all.emplace_back();
      all.back()[names[i]] = cells[i];
    }
  }
  return all;
}

SLO ttft_of_two_seconds() {
  SLO slo;
  slo.ttft_s = 2.0;
  slo.calls = 0.5;
  return slo;
}

TEST_CASE("the files have the documented columns in their order") {
  const Recorder nothing;
  const std::map<std::string, std::string> files{{"sessions.csv", sessions_csv(nothing, {})},
                                                 {"calls.csv", calls_csv(nothing, {})},
                                                 {"replicas.csv", replicas_csv(nothing, {})},
                                                 {"links.csv", links_csv({})}};
  std::map<std::string, std::string> headers;
  for (const ColumnDoc& doc : run_columns()) {
    headers[doc.file] += (headers[doc.file].empty() ? "" : ",") + doc.name;
    CAPTURE(doc.name);
    CHECK_FALSE(doc.meaning.empty());
  }
  CHECK(headers.size() == files.size());
  for (const auto& [file, text] : files) CHECK(text == headers[file] + "\n");
}

TEST_CASE("calls are written by session and agent and call") {
  Recorder recorder;
  serving::CallRecord later = call(1, 4.0, 3.0, 3, 0.5);
  later.agent = 2;
  record(recorder, {call(1, 0.0, 1.0, 1, 0.0), later});
  record(recorder, {call(0, 0.5, 0.25, 2, 0.125)});
  recorder.sort();
  const auto written = rows(calls_csv(recorder, ttft_of_two_seconds()));
  REQUIRE(written.size() == 3);
  CHECK(written[0].at("session") == "0");
  CHECK(written[1].at("agent") == "0");
  CHECK(written[2].at("agent") == "2");
  CHECK(written[2].at("arrival_s") == "4");
  CHECK(written[2].at("first_token_s") == "7");
  CHECK(written[2].at("last_token_s") == "8");
  CHECK(written[2].at("ttft_s") == "3");
  CHECK(written[2].at("tpot_s") == "0.5");
  CHECK(written[2].at("e2e_s") == "4");
  CHECK(written[2].at("meets_slo") == "0");
  CHECK(written[0].at("tpot_s") == "0.125");
  CHECK(written[0].at("meets_slo") == "1");
}

TEST_CASE("the time per token of a call of one token is empty") {
  Recorder recorder;
  record(recorder, {call(0, 0.0, 1.0, 1, 0.0)});
  CHECK(rows(calls_csv(recorder, {}))[0].at("tpot_s").empty());
}

TEST_CASE("a session meets the SLO by the share of its own calls") {
  Recorder recorder;
  record(recorder, {call(0, 0.0, 1.0, 2, 0.5), call(0, 10.0, 3.0, 2, 0.5)}, 30.0);
  record(recorder, {call(1, 5.0, 3.0, 2, 0.5), call(1, 20.0, 3.0, 2, 0.5)});
  const auto written = rows(sessions_csv(recorder, ttft_of_two_seconds()));
  REQUIRE(written.size() == 2);
  CHECK(written[0].at("meets_slo") == "1");
  CHECK(written[1].at("meets_slo") == "0");
  CHECK(written[0].at("latency_s") == "43.5");
  CHECK(written[0].at("active_s") == "13.5");
  CHECK(written[0].at("human_s") == "30");
  CHECK(written[0].at("calls") == "2");
  CHECK(written[0].at("prompt_tokens") == "200");
}

TEST_CASE("I8 the parts of a path add up to its sum") {
  // Given nine parts that are powers of two, so that none can hide another.
  const serving::TimeSplit parts{1, 2, 4, 8, 16, 32, 64, 128, 256};
  CHECK(parts.sum() == 511.0);
  serving::TimeSplit twice = parts;
  twice += parts;
  CHECK(twice.sum() == 1022.0);
  CHECK(twice.fabric_s == 64.0);
  CHECK(twice.human_s == 256.0);
}

TEST_CASE("I8 the nine written parts of a session are its path and no other column") {
  Recorder recorder;
  serving::SessionRecord s = session({call(0, 0.0, 1.0, 1, 0.0)});
  s.path = {1, 2, 4, 8, 16, 32, 64, 128, 256};
  s.arrival_s = 100.0;
  s.end_s = 611.0;
  s.join_wait_s = 1000.0;
  recorder.on_session_end(s, {});
  const auto row = rows(sessions_csv(recorder, {}))[0];
  double sum = 0.0;
  for (const char* part : {"network_s", "queue_s", "prefill_s", "decode_s", "recompute_s", "fabric_s",
                           "tool_s", "tool_queue_s", "human_s"})
    sum += std::stod(row.at(part));
  CHECK(sum == std::stod(row.at("latency_s")));
  CHECK(row.at("network_s") == "1");
  CHECK(row.at("recompute_s") == "16");
  CHECK(row.at("tool_s") == "64");
  CHECK(row.at("join_wait_s") == "1000");
}

TEST_CASE("replica samples are written with shares of their blocks") {
  Recorder recorder;
  serving::ReplicaSample sample;
  sample.time_s = 60.0;
  sample.replica = 3;
  sample.kv_used_blocks = 25;
  sample.kv_cached_blocks = 50;
  sample.work.steps = 7;
  recorder.on_sample(sample);
  const auto row = rows(replicas_csv(recorder, {0, 0, 0, 100}))[0];
  CHECK(row.at("time_s") == "60");
  CHECK(row.at("replica") == "3");
  CHECK(row.at("kv_used_share") == "0.25");
  CHECK(row.at("kv_cached_share") == "0.5");
  CHECK(row.at("steps") == "7");
}

}  // namespace
}  // namespace agentsim::metrics
