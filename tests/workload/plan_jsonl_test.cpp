#include <doctest/doctest.h>

#include "sim/workload/plan_json.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

const std::string kRoles =
    "sessions: 4\nsource: roles\nroles: {file: {roles: {a: {prefix: 64, first_prompt: {uniform: {low: 1, "
    "high: "
    "500}}, steps_per_turn: 3, new_tokens: 7, output: 5, tool: 2 s}}}, root: a}\n"
    "arrival: {kind: closed, concurrency: 1}\n";

std::string from_file(const std::string& path, const std::string& sessions = "",
                      const std::string& arrival = "{kind: closed, concurrency: 1}") {
  return sessions + "source: plan_jsonl\nplan_jsonl: {file: " + path + "}\narrival: " + arrival + "\n";
}

// The sessions as a file of plans; arrivals as told.
std::string plans(const Workload& workload, const std::vector<double>& arrivals = {}) {
  std::string text;
  for (size_t i = 0; i < workload.sessions(); ++i) {
    SessionPlan plan = workload.plan(i);
    if (!arrivals.empty()) plan.recorded_arrival_s = arrivals[i];
    text += plan_line(plan, workload.names()) + "\n";
  }
  return text;
}

TEST_CASE("a file of plans is the workload that it was written from, compressed or not") {
  const TestFolder folder;
  const Workload original = make_workload(kRoles);
  for (const std::string& path :
       {folder.write("p.jsonl", plans(original)), folder.write("p.jsonl.gz", gzipped(plans(original)))}) {
    const Workload read = make_workload(from_file(path));
    REQUIRE(read.sessions() == 4);
    CHECK(read.fingerprint() == original.fingerprint());
    // In any order, since sessions overlap.
    for (const size_t i : {3, 0, 2, 2, 1}) CHECK(read.plan(i).name == std::to_string(i));
    CHECK(read.names().roles == original.names().roles);
  }
}

TEST_CASE("behind its end a file of plans begins anew with other users who share what all share") {
  // Given 4 sessions with a common prefix: then session 5 is the second one with tokens of its own, but the
  // same prefix.
  const TestFolder folder;
  const Workload original = make_workload(kRoles);
  const Workload read = make_workload(from_file(folder.write("p.jsonl", plans(original)), "sessions: 8\n"));
  const SessionPlan first = read.plan(1), again = read.plan(5);
  CHECK(again.name == "1+1");
  REQUIRE(again.slices.size() == first.slices.size());
  for (size_t i = 0; i < again.slices.size(); ++i) {
    CHECK(again.slices[i].tokens() == first.slices[i].tokens());
    CHECK((again.slices[i].stream == first.slices[i].stream) == (first.slices[i].tokens() == 64));
  }
  // An output still goes on where the next prompt does.
  CHECK(again.calls[0].output_stream == again.slices[again.calls[1].first_slice + 1].stream);
}

TEST_CASE("plans are taken in the order of their arrivals, and after the last one anew a mean gap later") {
  // Given arrivals 30, 0, 10, 20 s: the mean gap is 10 s, so the second pass begins at 40 s.
  const TestFolder folder;
  const std::string path = folder.write("p.jsonl", plans(make_workload(kRoles), {30.0, 0.0, 10.0, 20.0}));
  const Workload read = make_workload(from_file(path, "sessions: 6\n", "{kind: trace}"));
  CHECK(read.notes() ==
        std::vector<std::string>{"the plans of the file are taken in the order of their arrival"});
  CHECK(read.plan(0).name == "1");
  CHECK(read.plan(3).name == "0");
  for (size_t i = 0; i < 6; ++i) CHECK(read.arrival_s(i) == doctest::Approx(10.0 * static_cast<double>(i)));
}

TEST_CASE("mistakes in a file of plans are told with their lines") {
  const TestFolder folder;
  std::string text = plans(make_workload(kRoles));
  text.replace(text.rfind("\"output_tokens\":5"), 17, "\"output_tokens\":-5");
  CHECK(errors_of(from_file(folder.write("p.jsonl", text))) ==
        "p.jsonl: line 4: agents[0].calls[2].output_tokens is negative");
  CHECK(errors_of(from_file(folder.write("e.jsonl", ""))) == "e.jsonl: is empty");
}

}  // namespace
}  // namespace agentsim::workload
