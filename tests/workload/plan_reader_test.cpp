#include "sim/workload/plan_reader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "sim/config/library.hpp"
#include "sim/workload/plan_builder.hpp"
#include "sim/workload/plan_graph.hpp"
#include "sim/workload/plan_json.hpp"
#include "tests/property/holds.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

// Reads a line back. "" if it is the same when it is written again, else what is wrong.
std::string round_trip(const std::string& line) {
  LineMistakes mistakes("plans.jsonl");
  mistakes.set_line(812);
  NameNumbers names;
  try {
    const auto json = parse_json_line(line, mistakes);
    const auto plan = json ? read_plan(JsonObject(*json, mistakes), names) : std::nullopt;
    mistakes.throw_if_any();
    return plan_line(*plan, names.names()) == line ? "" : "is not the same";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

int draw(int low, int high) {
  return *rc::gen::inRange(low, high + 1);
}

double draw_s() {
  return draw(0, 3) == 0 ? 0.0 : draw(0, 2'000'000'000) * 1e-6;
}

// A plan that uses all that plans can say.
SessionPlan draw_plan() {
  SessionPlan plan;
  plan.index = static_cast<uint64_t>(draw(0, 1'000'000));
  plan.name = *rc::gen::elementOf(std::vector<std::string>{"", "a", "\"q\"", "\xc3\xa4 b", "\\"});
  if (draw(0, 1) == 1) plan.recorded_arrival_s = draw_s();
  const int agents = draw(1, 4);
  for (int a = 0; a < agents; ++a) {
    Agent& agent = plan.agents.emplace_back();
    agent.first_call = static_cast<uint32_t>(plan.calls.size());
    agent.call_count = static_cast<uint32_t>(draw(2, 4));
    agent.role = static_cast<uint16_t>(draw(0, 1));
    agent.deployment = static_cast<int16_t>(draw(-1, 1));
    if (draw(0, 3) == 0) agent.budget_s = draw_s();
    if (a > 0) {
      agent.parent = 0;
      agent.spawn_delay_s = draw_s();
      agent.join_call = draw(0, 1) == 1 ? 1 : -1;
    }
    for (uint32_t i = 0; i < agent.call_count; ++i) {
      Call& call = add_call(plan);
      call.output_tokens = static_cast<uint32_t>(draw(1, 1000));
      call.reasoning_tokens = static_cast<uint32_t>(draw(0, static_cast<int>(call.output_tokens)));
      call.output_stream = stream_id("out", static_cast<uint64_t>(draw(0, 5)));
      call.output_begin = static_cast<uint32_t>(draw(0, 1 << 30));
      call.gap = static_cast<Gap>(draw(0, 2));
      call.purpose = static_cast<Purpose>(draw(0, 2));
      call.gap_s = draw_s();
      call.first_tool = static_cast<uint32_t>(plan.tools.size());
      call.tool_count = static_cast<uint16_t>(call.gap == Gap::none ? 0 : draw(0, 2));
      for (int t = 0; t < call.tool_count; ++t)
        plan.tools.push_back({static_cast<uint16_t>(draw(0, 1)), static_cast<int16_t>(draw(-1, 0)),
                              draw(0, 1) == 1, draw_s()});
      for (int s = draw(1, 3); s > 0; --s) {
        const auto begin = static_cast<uint32_t>(draw(0, 1 << 20));
        extend(plan, {stream_id("s", static_cast<uint64_t>(draw(0, 3))), begin,
                      begin + static_cast<uint32_t>(draw(1, 5000))});
      }
    }
  }
  std::vector<Agent*> joined;
  for (Agent& agent : plan.agents)
    if (agent.join_call >= 0) joined.push_back(&agent);
  if (!joined.empty() && draw(0, 1) == 1) {
    plan.join_groups.push_back({static_cast<uint32_t>(draw(1, static_cast<int>(joined.size())))});
    for (Agent* agent : joined) agent->join_group = 0;
  }
  if (agents > 2 && draw(0, 1) == 1)
    plan.messages.push_back({plan.agents[1].first_call, plan.agents[2].first_call + 1});
  return plan;
}

TEST_CASE("any plan that is written and read is the same, byte for byte") {
  const PlanNames names{{"boss", "h\xc3\xa9lp"}, {"grep", "web"}, {"cpu"}, {"big", "small"}};
  CHECK(holds("plan round trip", 300, 20'000, [&] {
    const SessionPlan plan = draw_plan();
    validate(plan);
    const std::string wrong = round_trip(plan_line(plan, names));
    if (!wrong.empty()) RC_FAIL(wrong);
  }));
}

TEST_CASE("plans of every shipped role file come back byte for byte") {
  size_t files = 0;
  for (const std::string& name : config::Library::names("scenarios/roles")) {
    const auto path = config::Library::root() / "scenarios/roles" / (name + ".yaml");
    const config::Value* roles = nullptr;
    const config::Value file = config::Value::load(path.string());
    roles = file.find("roles");
    REQUIRE(roles != nullptr);
    for (const auto& [role, spec] : roles->entries()) {
      const Workload workload =
          make_workload("sessions: 3\nsource: roles\nroles: {file: " + name + ", root: " + role.scalar() +
                        "}\narrival: {kind: poisson, rate: 1/min}\n");
      for (size_t i = 0; i < 3; ++i) CHECK(round_trip(plan_line(workload.plan(i), workload.names())) == "");
    }
    ++files;
  }
  CHECK(files > 0);
}

TEST_CASE("plans of the recorded sessions come back byte for byte") {
  const Workload workload = make_workload(
      "source: claude_code_csv\nclaude_code_csv: {file: scenarios/traces/claude_code_533_sessions.csv.gz}\n"
      "arrival: {kind: closed, concurrency: 1}\n");
  for (size_t i = 0; i < workload.sessions(); i += 7)
    CHECK(round_trip(plan_line(workload.plan(i), workload.names())) == "");
}

const std::string kCall =
    R"({"gap":"none","gap_s":0.0,"prompt_tokens":9,"output_tokens":1,"prompt":[[0,0,9]],"output":[0,9]})";

std::string with_call(const std::string& call) {
  return R"({"session":0,"name":"0","recorded_arrival_s":null,"streams":["00000000000000aa"],"agents":[)"
         R"({"role":"a","calls":[)" +
         call + "]}]}";
}

std::string wrong_call(const std::string& from, const std::string& to) {
  std::string call = kCall;
  call.replace(call.find(from), from.size(), to);
  return round_trip(with_call(call));
}

TEST_CASE("a mistake in a plan is told with its line and its place in it") {
  const std::string at = "plans.jsonl: line 812: ";
  CHECK(round_trip(with_call(kCall)) == "");
  CHECK(wrong_call("\"output_tokens\":1", "\"output_tokens\":-1") ==
        at + "agents[0].calls[0].output_tokens is negative");
  CHECK(wrong_call("\"gap_s\":0.0", "\"gap_s\":\"soon\"") ==
        at + "agents[0].calls[0].gap_s is not a number: 'soon'");
  CHECK(wrong_call("\"none\"", "\"lunch\"") ==
        at + "agents[0].calls[0].gap must be none, tool or human, not 'lunch'");
  CHECK(wrong_call("[[0,0,9]]", "[[1,0,9]]") ==
        at + "agents[0].calls[0].prompt holds [1,0,9], which is not [stream, begin, end]");
  CHECK(wrong_call("\"prompt_tokens\":9,", "") == at + "agents[0].calls[0].prompt_tokens is missing");
  CHECK(wrong_call("[[0,0,9]]", "[[0,0,8]]") ==
        at + "session 0: call 0 has 9 prompt tokens, but its slices have 8");
  CHECK(round_trip("[1, 2]") == at + "is not a JSON object: [1,2]");
  CHECK(round_trip("{\"session\": 0, \"na") ==
        at + "ends in the middle of a JSON value, after 18 characters");
  CHECK(round_trip("{}") == at + "is not a line of plans (agentsim's own format): it has no 'session'\n"
                                 "  valid: agents, name, session, streams");
}

}  // namespace
}  // namespace agentsim::workload
