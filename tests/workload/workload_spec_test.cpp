#include "sim/workload/workload_spec.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

TEST_CASE("a workload writes all its parameters in base units") {
  const WorkloadSpec spec = read_spec(
      "sessions: 9\nsource: single_call\nsingle_call: {prompt: 1024, output: {geometric: {mean: 256}}}\n"
      "arrival: {kind: poisson, rate: 120/min}\n");
  CHECK(config::dump(spec).dump() ==
        R"({"sessions":9,"source":"single_call",)"
        R"("single_call":{"prefix":0.0,"prompt":1024.0,"output":{"geometric":{"mean":256.0}}},)"
        R"("arrival":{"kind":"poisson","rate":2.0}})");
}

TEST_CASE("the section of the source must stand there") {
  CHECK(errors_of("sessions: 9\nsource: single_call\narrival: {kind: closed, concurrency: 2}\n") ==
        "w.yaml:1:1: the workload lacks the key 'single_call'\n    1 | sessions: 9\n      | ^");
}

TEST_CASE("the section of another source is refused") {
  CHECK(errors_of("sessions: 9\nsource: single_call\nsingle_call: {prompt: 1, output: 1}\n"
                  "call_csv: {file: x.csv}\narrival: {kind: closed, concurrency: 2}\n") ==
        "w.yaml:4:11: the section 'call_csv' is not for the source 'single_call'\n"
        "    4 | call_csv: {file: x.csv}\n"
        "      |           ^");
}

TEST_CASE("misspelt words are answered with the nearest and all words") {
  CHECK(
      errors_of(
          "source: single_cal\nsingle_call: {prompt: 1, output: 1}\narrival: {kind: poison, rate: 1/s}\n") ==
      "w.yaml:1:9: unknown source 'single_cal'\n"
      "    1 | source: single_cal\n"
      "      |         ^~~~~~~~~~ did you mean 'single_call'?\n"
      "  valid: call_csv, claude_code_csv, plan_jsonl, roles, single_call\n"
      "w.yaml:3:17: unknown arrival 'poison'\n"
      "    3 | arrival: {kind: poison, rate: 1/s}\n"
      "      |                 ^~~~~~ did you mean 'poisson'?\n"
      "  valid: closed, diurnal, gamma, people, poisson, ramp, trace");
}

TEST_CASE("a parameter of another arrival is refused") {
  CHECK(errors_of("sessions: 9\nsource: single_call\nsingle_call: {prompt: 1, output: 1}\n"
                  "arrival: {kind: closed, rate: 2/s, concurrency: 3}\n") ==
        "w.yaml:4:25: the arrival 'closed' has no key 'rate'\n"
        "    4 | arrival: {kind: closed, rate: 2/s, concurrency: 3}\n"
        "      |                         ^~~~\n"
        "  valid: concurrency, kind, think");
}

TEST_CASE("an arrival without a kind is told the kinds") {
  CHECK(errors_of(
            "sessions: 9\nsource: single_call\nsingle_call: {prompt: 1, output: 1}\narrival: poisson\n") ==
        "w.yaml:4:10: 'arrival' wants a map with a 'kind'\n"
        "    4 | arrival: poisson\n"
        "      |          ^~~~~~~\n"
        "  valid: closed, diurnal, gamma, people, poisson, ramp, trace");
}

TEST_CASE("a source without an end wants to know how many sessions to run") {
  CHECK(errors_of("source: single_call\nsingle_call: {prompt: 1, output: 1}\narrival: {kind: poisson, rate: "
                  "1/s}\n") ==
        "the source 'single_call' has no end of its own: say how many 'sessions' to run");
}

TEST_CASE("a missing trace is told with the place that names it") {
  CHECK(errors_of("source: call_csv\ncall_csv: {file: no/such.csv}\narrival: {kind: trace}\n") ==
        "w.yaml:2:18: no such file: 'no/such.csv'\n"
        "    2 | call_csv: {file: no/such.csv}\n"
        "      |                  ^~~~~~~~~~~");
}

}  // namespace
}  // namespace agentsim::workload
