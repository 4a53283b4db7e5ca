#include "sim/workload/mooncake_rows.hpp"

#include <doctest/doctest.h>

#include "sim/workload/plan_builder.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

TEST_CASE("a call is written with an id for each block of 512 tokens of prefix") {
  // Given 1100 tokens, then the same 1024 and others, then the first 512 and the first prompt again. The last
  // 76 tokens of the first prompt have an id of their own.
  SessionPlan plan;
  for (int i = 0; i < 4; ++i) add_call(plan).output_tokens = 7;
  plan.calls.clear();
  add_call(plan);
  extend(plan, {1, 0, 1100});
  add_call(plan);
  extend(plan, {1, 0, 1024});
  extend(plan, {2, 0, 512});
  add_call(plan);
  extend(plan, {1, 0, 512});
  add_call(plan);
  extend(plan, {1, 0, 1100});
  for (Call& call : plan.calls) call.output_tokens = 7;
  MooncakeRows rows;
  CHECK(rows.line(0.0, plan, plan.calls[0]) ==
        "{\"timestamp\": 0, \"input_length\": 1100, \"output_length\": 7, \"hash_ids\": [0, 1, 2]}\n");
  CHECK(rows.line(1.2345, plan, plan.calls[1]) ==
        "{\"timestamp\": 1235, \"input_length\": 1536, \"output_length\": 7, \"hash_ids\": [0, 1, 3]}\n");
  CHECK(rows.line(2.0, plan, plan.calls[2]) ==
        "{\"timestamp\": 2000, \"input_length\": 512, \"output_length\": 7, \"hash_ids\": [0]}\n");
  CHECK(rows.line(3.0, plan, plan.calls[3]) ==
        "{\"timestamp\": 3000, \"input_length\": 1100, \"output_length\": 7, \"hash_ids\": [0, 1, 2]}\n");
}

}  // namespace
}  // namespace agentsim::workload
