#include <doctest/doctest.h>

#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

std::string calls(const std::string& parameters) {
  return "sessions: 3\nsource: single_call\nsingle_call: {" + parameters +
         "}\narrival: {kind: poisson, rate: 1/s}\n";
}

TEST_CASE("single calls share their prefix and nothing else") {
  const Workload workload = make_workload(calls("prefix: 64, prompt: 36, output: 5"));
  const SessionPlan first = workload.plan(0);
  const SessionPlan second = workload.plan(1);
  CHECK(first.calls.at(0).prompt_tokens == 100);
  CHECK(first.calls[0].output_tokens == 5);
  CHECK(first.calls[0].output_begin == 36);
  CHECK(first.calls[0].output_stream == first.slices.at(1).stream);
  CHECK(first.slices[0].stream == second.slices.at(0).stream);
  CHECK(first.slices[1].stream != second.slices.at(1).stream);
}

TEST_CASE("a single call has at least one token in and one out") {
  const SessionPlan plan = make_workload(calls("prompt: 0, output: 0")).plan(2);
  CHECK(plan.calls.at(0).prompt_tokens == 1);
  CHECK(plan.calls[0].output_tokens == 1);
}

}  // namespace
}  // namespace agentsim::workload
