#include "analysis/fitting/measures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/statistics/quantile.hpp"

namespace agentsim::fitting {
namespace {

using workload::Gap;

constexpr double kPercents[] = {25, 50, 75, 90, 95, 99};

enum Index { kCalls, kSubAgents, kFirst, kTurn, kPrompt, kNew, kOutput, kTool, kHuman, kHits, kCount };

std::vector<Measure> named() {
  return {{"calls of a session", "", {}}, {"sub-agents of a session", "", {}},
          {"first prompt", "tokens", {}}, {"calls of a human turn", "", {}},
          {"prompt", "tokens", {}},       {"new tokens of a prompt", "tokens", {}},
          {"output", "tokens", {}},       {"gap of tools", "s", {}},
          {"gap of a person", "s", {}},   {"prefix hits of a session", "share", {}}};
}

}  // namespace

double Measure::percentile(double percent) const {
  return values.empty() ? 0.0 : statistics::quantile(values, percent / 100.0);
}

std::vector<double> turns_of(const AgentFacts& agent) {
  std::vector<double> turns;
  for (const CallFacts& call : agent.calls) {
    if (turns.empty() || call.gap == Gap::human) turns.push_back(0.0);
    ++turns.back();
  }
  return turns;
}

std::vector<Measure> measures_of(const std::vector<const SessionFacts*>& sessions) {
  std::vector<Measure> out = named();
  const auto add = [&](Index index, double value) { out[index].values.push_back(value); };
  for (const SessionFacts* session : sessions) {
    uint64_t prompts = 0, news = 0;
    for (const AgentFacts& agent : session->agents)
      for (const CallFacts& call : agent.calls) {
        prompts += call.prompt_tokens;
        news += call.new_tokens;
        add(kPrompt, call.prompt_tokens);
        add(kNew, call.new_tokens);
        add(kOutput, call.output_tokens);
        if (call.gap == Gap::tool && call.joined == 0) add(kTool, call.gap_s);
        if (call.gap == Gap::human && call.joined == 0) add(kHuman, call.gap_s);
      }
    const AgentFacts& root = session->agents.front();
    add(kCalls, static_cast<double>(session->calls()));
    add(kSubAgents, static_cast<double>(session->agents.size() - 1));
    add(kFirst, root.calls.front().prompt_tokens);
    for (const double turn : turns_of(root)) add(kTurn, turn);
    add(kHits, 1.0 - static_cast<double>(news) / static_cast<double>(prompts));
  }
  for (Measure& measure : out) std::sort(measure.values.begin(), measure.values.end());
  return out;
}

double Difference::error() const {
  if (found == wanted) return 0.0;
  return wanted == 0.0 ? std::numeric_limits<double>::infinity() : std::abs(found / wanted - 1.0);
}

std::vector<Difference> differences(const std::vector<Measure>& wanted, const std::vector<Measure>& found) {
  std::vector<Difference> out;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].values.empty()) continue;
    for (const double percent : kPercents)
      out.push_back({wanted[i].name, wanted[i].unit, percent, wanted[i].percentile(percent),
                     found[i].percentile(percent), percent > 90 ? 0.2 : 0.1});
  }
  return out;
}

}  // namespace agentsim::fitting
