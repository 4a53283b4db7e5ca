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
  return fmt::format(
      "{}: {{prefix: {}, first_prompt: {{uniform: {{low: 1, high: {}}}}}, turns: {}, steps_per_turn: "
      "{{uniform: {{low: 1, "
      "high: {}}}}}, new_tokens: {{uniform: {{low: 0, high: {}}}}}, human_tokens: 9, output: {{uniform: "
      "{{low: 1, high: "
      "{}}}}}, tool: {{exponential: {{mean: {} ms}}}}, think: {{exponential: {{mean: 2 s}}}}, returns: "
      "{}{}}}",
      name, draw(0, 200), draw(1, 600), draw(1, 2), draw(1, 4), draw(0, 150), draw(1, 80), draw(1, 800),
      draw(0, 30), spawn);
}

std::string tree() {
  const auto spawn = [](const char* who) {
    return fmt::format(", spawn: [{{role: {}, probability: 0.{}, count: {}, depth: {}, join: {}}}]", who,
                       draw(0, 9), draw(1, 3), draw(1, 2), draw(0, 1) == 1 ? "all" : "none");
  };
  return role("boss", spawn("help")) + ", " + role("help", draw(0, 1) == 1 ? spawn("help") : "");
}

std::string any_of(const std::vector<std::string>& names) {
  return *rc::gen::elementOf(names);
}

std::string scenario() {
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
      "{}}}}}\n"
      "platforms: [{{label: p, platform: {{name: p, node: rtx_pro_6000_pcie_8gpu, count: 1,\n"
      "             fabric: {{kind: star, link_bandwidth: {}, latency: 1us}}}}}}]\n"
      "reporting: {{sample_interval: {} ms}}\n",
      draw(1, 8), tree(), arrival, tp, draw(1, 8 / tp), any_of(serving::Routers::names()),
      any_of(serving::Schedulers::names()), 1 << draw(0, 6), draw(1, 300), draw(1, 8),
      draw(0, 4) > 0 ? "true" : "false", draw(0, 1) == 1 ? "400 Gbps" : "20 kB/s", draw(20, 900));
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
    for (const char* part :
         {"network_s", "queue_s", "prefill_s", "decode_s", "recompute_s", "fabric_s", "tool_s", "human_s"}) {
      RC_ASSERT(at(part) >= 0.0);
      parts += at(part);
    }
    RC_ASSERT(std::abs(parts - at("latency_s")) < 1e-8);  // I8
  }
}

// I4: a replica has been busy exactly while it had a call, from its arrival there to its last token.
void check_busy(const Table& calls, const Table& replicas) {
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
    RC_ASSERT(std::abs(busy - replicas.at(row, "busy_s")) < 1e-7);
  }
}

TEST_CASE("random scenarios keep the invariants and both engines write the same bytes") {
  // Given random trees of agents on random deployments, then every call ends once and causally, time is
  // accounted for, no replica idles with work, and the fast engine's files are those of the step-by-step one.
  const bool good = holds("random scenarios", 30, 2000, [] {
    const std::string yaml = scenario();
    const std::vector<std::string> settings{blocks_for(yaml)};
    RC_LOG() << yaml << settings[0] << '\n';
    const Files fast = run_text(yaml, settings);
    const Files slow = run_text(yaml, settings, "step_by_step");
    const Table calls(fast.at("calls.csv"));
    const Table sessions(fast.at("sessions.csv"));
    const nlohmann::json s = summary(fast);
    RC_ASSERT(calls.size() == s["planned_calls"]);  // I1
    RC_ASSERT(sessions.size() == s["planned_sessions"]);
    RC_ASSERT(calls.sum("output_tokens") == s["planned_output_tokens"]);
    check_calls(calls, static_cast<double>(Parts(yaml).choice.deployment.engine.block_size));
    check_sessions(sessions);
    check_busy(calls, Table(fast.at("replicas.csv")));
    for (const auto& [name, text] : fast) {
      RC_LOG() << name << '\n';
      RC_ASSERT((text == slow.at(name)));  // I6
    }
    RC_CLASSIFY(calls.sum("preemptions") > 0, "with preemptions");
    RC_CLASSIFY(calls.sum("fabric_s") > 0, "with collectives");
    RC_CLASSIFY(sessions.sum("agents") > static_cast<double>(sessions.size()), "with sub-agents");
  });
  CHECK(good);
}

}  // namespace
}  // namespace agentsim
