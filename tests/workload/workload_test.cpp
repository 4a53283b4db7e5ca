#include "sim/workload/workload.hpp"

#include <doctest/doctest.h>

#include "sim/base/contract.hpp"
#include "sim/workload/plan_graph.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

// One workload of each source, by its section.
std::string of_source(const std::string& source) {
  const std::string arrival = "arrival: {kind: closed, concurrency: 4}\n";
  if (source == "roles")
    return "sessions: 20\nsource: roles\nroles: {file: coding_agent, root: engineer}\n" + arrival;
  if (source == "single_call")
    return "sessions: 20\nsource: single_call\n"
           "single_call: {prefix: 10, prompt: {poisson: {mean: 50}}, output: {geometric: {mean: 9}}}\n" +
           arrival;
  if (source == "call_csv")
    return "sessions: 300\nsource: call_csv\ncall_csv: {file: tests/workload/data/poisson1_conv_200.csv}\n" +
           arrival;
  if (source == "claude_code_csv")
    return "sessions: 540\nsource: claude_code_csv\n"
           "claude_code_csv: {file: scenarios/traces/claude_code_533_sessions.csv.gz, order: shuffled}\n" +
           arrival;
  if (source == "plan_jsonl")
    return "sessions: 5\nsource: plan_jsonl\nplan_jsonl: {file: tests/workload/data/plans.jsonl}\n" + arrival;
  FAIL("no workload of this test uses the source ", source);
  return "";
}

TEST_CASE("every source gives valid plans that depend on the seed and the index alone") {
  for (const std::string& source : Sources::names()) {
    CAPTURE(source);
    const Workload forwards = make_workload(of_source(source));
    const Workload backwards = make_workload(of_source(source));
    std::vector<uint64_t> seen(forwards.sessions());
    for (size_t i = 0; i < forwards.sessions(); ++i) {
      const SessionPlan plan = forwards.plan(i);
      validate(plan);
      CHECK(plan.index == i);
      CHECK_FALSE(plan.name.empty());
      for (const Agent& agent : plan.agents) CHECK(agent.role < forwards.names().roles.size());
      seen[i] = fingerprint_of(plan);
    }
    for (size_t i = forwards.sessions(); i-- > 0;) CHECK(fingerprint_of(backwards.plan(i)) == seen[i]);
    CHECK(forwards.fingerprint() == backwards.fingerprint());
  }
}

TEST_CASE("another seed draws other sessions") {
  CHECK(make_workload(of_source("roles"), 1).fingerprint() !=
        make_workload(of_source("roles"), 2).fingerprint());
}

TEST_CASE("the fingerprint is the same on every platform") {
  // Then a change of these numbers changes the results of every study that uses these sources.
  CHECK(make_workload(of_source("single_call")).fingerprint() == 12136722787070086004U);
  CHECK(make_workload(of_source("call_csv")).fingerprint() == 9013748557849466182U);
  CHECK(make_workload(of_source("roles")).fingerprint() == 17834220628810451404U);
  CHECK(make_workload(of_source("claude_code_csv")).fingerprint() == 11266868912155061407U);
}

TEST_CASE("a session beyond the last is a bug of the caller's") {
  CHECK_THROWS_WITH_AS(make_workload(of_source("single_call")).plan(20),
                       "session 20 was asked for, but there are 20", ContractViolation);
}

TEST_CASE("a closed workload has users instead of arrival times") {
  const Workload workload = make_workload(of_source("single_call"));
  CHECK(workload.concurrency() == 4);
  CHECK_THROWS_AS(workload.arrival_s(0), ContractViolation);
}

TEST_CASE("poisson arrivals do not decrease and have the mean gap of their rate") {
  const Workload workload = make_workload(
      "sessions: 100000\nsource: single_call\nsingle_call: {prompt: 1, output: 1}\narrival: {kind: poisson, "
      "rate: 2/s}\n");
  CHECK_FALSE(workload.concurrency());
  for (size_t i = 1; i < workload.sessions(); ++i)
    REQUIRE(workload.arrival_s(i) >= workload.arrival_s(i - 1));
  CHECK(workload.arrival_s(99999) == doctest::Approx(50000.0).epsilon(0.01));
}

TEST_CASE("an open trace needs a source that knows arrival times") {
  CHECK(errors_of("sessions: 2\nsource: single_call\nsingle_call: {prompt: 1, output: 1}\narrival: {kind: "
                  "trace}\n") == "the arrival 'trace' wants recorded arrival times, but the source has none");
}

}  // namespace
}  // namespace agentsim::workload
