#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "sim/serving/router.hpp"
#include "sim/serving/scheduler.hpp"
#include "tests/property/holds.hpp"
#include "tests/simulation/helpers.hpp"

// Small scenarios drawn at random, each run by both engines. I2, I4, I5 and I7 are checked by contracts
// inside the run, which end it with an exception; the others are read from its files.
namespace agentsim {
namespace {

int draw(int low, int high) {
  return *rc::gen::inRange(low, high + 1);
}

std::string role(const std::string& name, const std::string& spawn) {
  // Now and then what cancels, queues, fails and waits.
  const std::string habits =
      draw(0, 2) > 0 ? ""
                     : fmt::format(
                           ", failure: {{probability: 0.{}, delay: 100 ms}}, summary: {}, reasoning: {}, "
                           "time_budget: {} s, person: desk, messages: [{{from: help, probability: 0.5, "
                           "tokens: 20}}]",
                           draw(0, 4), draw(0, 1) * 40, draw(0, 20), draw(0, 1) * draw(1, 6));
  const std::string tools =
      draw(0, 1) == 1
          ? fmt::format("tool: {{exponential: {{mean: {} ms}}}}", draw(1, 800))
          : fmt::format(
                "tool_calls: {}, tools: [{{name: slow, duration: {{exponential: {{mean: {} ms}}}}, "
                "resource: box}}, {{name: quick, duration: 10 ms}}]",
                draw(1, 3), draw(1, 800));
  return fmt::format(
      "{}: {{prefix: {}, first_prompt: {{uniform: {{low: 1, high: {}}}}}, turns: {}, steps_per_turn: "
      "{{uniform: {{low: 1, "
      "high: {}}}}}, new_tokens: {{uniform: {{low: 0, high: {}}}}}, human_tokens: 9, output: {{uniform: "
      "{{low: 1, high: "
      "{}}}}}, {}, think: {{exponential: {{mean: 2 s}}}}, returns: {}{}{}}}",
      name, draw(0, 200), draw(1, 600), draw(1, 2), draw(1, 4), draw(0, 150), draw(1, 80), tools, draw(0, 30),
      habits, spawn);
}

std::string any_of(const std::vector<std::string>& names) {
  return *rc::gen::elementOf(names);
}

// With races every step sends out agents of whom some are not waited for.
std::string tree(bool races) {
  const auto spawn = [&](const char* who) {
    if (races)
      return fmt::format(", spawn: [{{role: {}, probability: 1, count: {}, depth: 2, join: {}, quorum: {}}}]",
                         who, draw(2, 4), any_of({"any", "quorum"}), draw(1, 3));
    return fmt::format(
        ", spawn: [{{role: {}, probability: 0.{}, count: {}, depth: {}, join: {}, quorum: 2, when: {}, "
        "context: "
        "{}}}]",
        who, draw(0, 9), draw(1, 3), draw(1, 2), any_of({"all", "any", "quorum", "detached"}),
        any_of({"first", "tool", "tool", "turn"}), any_of({"fresh", "snapshot"}));
  };
  return role("boss", spawn("help")) + ", " + role("help", draw(0, 1) == 1 ? spawn("help") : "");
}

std::string scenario(bool races) {
  const std::string arrival = draw(0, 1) == 1 ? fmt::format("{{kind: closed, concurrency: {}}}", draw(1, 6))
                                              : fmt::format("{{kind: poisson, rate: {}/s}}", draw(1, 20));
  const int tp = 1 << draw(0, 2);
  return fmt::format(
      "workload:\n"
      "  sessions: {}\n"
      "  source: roles\n"
      "  roles: {{file: {{roles: {{{}}}}}, root: boss}}\n"
      "  arrival: {}\n"
      "deployment: {{model: llama_3_1_8b, tp: {}, replicas: {}, router: {}, scheduler: {},\n"
      "  engine: {{preset: vllm_v1, block_size: {}, token_budget: {}, max_sequences: {}, prefix_caching: "
      "{}, launch_per_layer: {}}}}}\n"
      "platforms: [{{label: p, platform: {{name: p, node: rtx_pro_6000_pcie_8gpu, count: 1,\n"
      "             fabric: {{kind: star, link_bandwidth: {}, latency: 1us}}}}}}]\n"
      "resources: {{box: {{servers: {}}}, desk: {{servers: 1, rate: 3/s, per_person: {}}}}}\n"
      "reporting: {{sample_interval: {} ms}}\n",
      draw(1, races ? 3 : 8), tree(races), arrival, tp, draw(1, 8 / tp), any_of(serving::Routers::names()),
      any_of(serving::Schedulers::names()), 1 << draw(0, 6), draw(1, 300), draw(1, 8),
      draw(0, 4) > 0 ? "true" : "false", any_of({"0us", "0us", "150us", "372us"}),
      draw(0, 1) == 1 ? "400 Gbps" : "20 kB/s", draw(1, 2), draw(0, 1) == 1 ? "true" : "false",
      draw(20, 900));
}

// With room for the longest call and a little more.
std::string blocks_for(const std::string& yaml) {
  const Parts parts(yaml);
  const workload::Workload workload(parts.scenario.workload, 1);
  const auto longest = static_cast<int64_t>(survey(workload, 1 << 30).longest_call_tokens);
  const int64_t size = parts.choice.deployment.engine.block_size;
  return fmt::format("deployment.kv_blocks={}", (longest + size - 1) / size + draw(0, 40));
}

void check_calls(const Table& calls, double block_size) {
  for (size_t row = 0; row < calls.size(); ++row) {
    const auto at = [&](const char* column) { return calls.at(row, column); };
    // I3
    RC_ASSERT(at("arrival_s") <= at("queued_s"));
    RC_ASSERT(at("queued_s") <= at("scheduled_s"));
    RC_ASSERT(at("scheduled_s") < at("first_token_s"));
    RC_ASSERT(at("first_token_s") <= at("last_token_s"));
    RC_ASSERT(at("last_token_s") <= at("end_s"));
    if (at("call") > 0) {
      RC_ASSERT(calls.at(row - 1, "end_s") <= at("arrival_s"));
      RC_ASSERT(calls.at(row - 1, "call") == at("call") - 1);
    }
    // I8 of a call
    const double parts = at("network_s") + at("queue_s") + at("prefill_s") + at("decode_s") +
                         at("recompute_s") + at("fabric_s");
    RC_ASSERT(std::abs(parts - at("e2e_s")) < 1e-8);
    RC_ASSERT(at("hit_tokens") < at("prompt_tokens"));
    RC_ASSERT(std::fmod(at("hit_tokens"), block_size) == 0.0);
    if (at("preemptions") == 0) RC_ASSERT(at("recomputed_tokens") == 0.0);
    RC_ASSERT((at("recompute_s") > 0.0) == (at("recomputed_tokens") > 0));
  }
}

void check_sessions(const Table& sessions) {
  for (size_t row = 0; row < sessions.size(); ++row) {
    const auto at = [&](const char* column) { return sessions.at(row, column); };
    double parts = 0.0;
    for (const char* part : {"network_s", "queue_s", "prefill_s", "decode_s", "recompute_s", "fabric_s",
                             "tool_s", "tool_queue_s", "human_s"}) {
      RC_ASSERT(at(part) >= 0.0);
      parts += at(part);
    }
    RC_ASSERT(std::abs(parts - at("latency_s")) < 1e-8);  // I8
  }
}

// I4: a replica has been busy exactly while it had a call, from its arrival there to its last token.
// Cancelled calls have no rows, so with them it was busy at least so long.
void check_busy(const Table& calls, const Table& replicas, bool has_cancelled) {
  for (size_t row = 0; row < replicas.size(); ++row) {
    std::vector<std::pair<double, double>> spans;
    const double now = replicas.at(row, "time_s");
    for (size_t call = 0; call < calls.size(); ++call)
      if (calls.at(call, "replica") == replicas.at(row, "replica") && calls.at(call, "queued_s") < now)
        spans.emplace_back(calls.at(call, "queued_s"), std::min(now, calls.at(call, "last_token_s")));
    std::sort(spans.begin(), spans.end());
    double busy = 0.0, end = 0.0;
    for (const auto& [from, to] : spans) {
      busy += std::max(0.0, to - std::max(from, end));
      end = std::max(end, to);
    }
    const double beyond = replicas.at(row, "busy_s") - busy;
    RC_ASSERT(beyond > -1e-7);
    if (!has_cancelled) RC_ASSERT(beyond < 1e-7);
  }
}

// Runs a scenario with both engines and checks all invariants. Returns its cancelled calls.
double check_scenario(const std::string& yaml) {
  const std::vector<std::string> settings{blocks_for(yaml)};
  RC_LOG() << yaml << settings[0] << '\n';
  const Files fast = run_text(yaml, settings);
  const Files slow = run_text(yaml, settings, "step_by_step");
  const Table calls(fast.at("calls.csv"));
  const Table sessions(fast.at("sessions.csv"));
  const nlohmann::json s = summary(fast);
  const double cancelled = sessions.sum("cancelled_calls");
  const auto planned = s["planned_calls"].get<size_t>();  // I1
  RC_ASSERT(calls.size() + static_cast<size_t>(cancelled) <= planned);
  RC_ASSERT(static_cast<double>(calls.size()) == sessions.sum("calls"));
  RC_ASSERT(sessions.size() == s["planned_sessions"]);
  RC_ASSERT(calls.sum("output_tokens") == sessions.sum("output_tokens"));
  if (calls.size() == planned) RC_ASSERT(calls.sum("output_tokens") == s["planned_output_tokens"]);
  check_calls(calls, static_cast<double>(Parts(yaml).choice.deployment.engine.block_size));
  check_sessions(sessions);
  check_busy(calls, Table(fast.at("replicas.csv")), cancelled > 0);
  for (const auto& [name, text] : fast) {
    RC_LOG() << name << '\n';
    RC_ASSERT((text == slow.at(name)));  // I6
  }
  RC_CLASSIFY(cancelled > 0, "with cancelled calls");
  RC_CLASSIFY(calls.size() + static_cast<size_t>(cancelled) < planned, "with calls left out");
  RC_CLASSIFY(sessions.sum("tool_queue_s") > 0, "with queues for tools");
  RC_CLASSIFY(calls.sum("preemptions") > 0, "with preemptions");
  RC_CLASSIFY(calls.sum("fabric_s") > 0, "with collectives");
  RC_CLASSIFY(sessions.sum("agents") > static_cast<double>(sessions.size()), "with sub-agents");
  return cancelled;
}

TEST_CASE("random scenarios keep the invariants and both engines write the same bytes") {
  // Given random trees of agents on random deployments, then every call ends once and causally, time is
  // accounted for, no replica idles with work, and the fast engine's files are those of the step-by-step one.
  CHECK(holds("random scenarios", 30, 2000, [] { check_scenario(scenario(false)); }));
}

TEST_CASE("random races keep the invariants though calls are cancelled wherever they are") {
  // Given trees in which most agents lose a race, then what is cancelled on its way, in a queue, in a batch
  // or at a tool leaves no block behind (I2 ends the run) and is in no file as finished.
  double cancelled = 0.0;
  CHECK(holds("random races", 15, 1000, [&] { cancelled += check_scenario(scenario(true)); }));
  CHECK(cancelled > 0.0);
}

}  // namespace
}  // namespace agentsim
