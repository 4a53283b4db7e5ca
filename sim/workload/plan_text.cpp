#include "sim/workload/plan_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/units.hpp"
#include "sim/workload/plan_graph.hpp"
#include "sim/workload/plan_json.hpp"

namespace agentsim::workload {
namespace {

std::string tokens(uint64_t count) {
  return pretty_count(static_cast<double>(count));
}

std::string plural(size_t count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// "12 s of tools (read beside web on search_api)"
std::string gap_text(const SessionPlan& plan, const PlanNames& names, const Call& call) {
  if (call.gap != Gap::human && call.gap_s == 0.0 && call.tool_count == 0) return "";
  std::string text = fmt::format("after {} of {}", pretty_time(gap_s(plan, call)),
                                 call.gap == Gap::human  ? "a person"
                                 : call.gap == Gap::tool ? "tools"
                                                         : "waiting");
  for (uint32_t i = call.first_tool; i < call.first_tool + call.tool_count; ++i) {
    const Tool& tool = plan.tools[i];
    text += i == call.first_tool ? " (" : tool.parallel ? " beside " : ", then ";
    text += names.tools.at(tool.name);
    if (tool.resource >= 0) text += " on " + names.resources.at(static_cast<size_t>(tool.resource));
  }
  return text + (call.tool_count > 0 ? ")" : "");
}

class Tree {
 public:
  Tree(const SessionPlan& plan, const PlanNames& names, bool with_calls)
      : plan_(plan), names_(names), with_calls_(with_calls) {}

  std::string text() {
    uint64_t prompt = 0, output = 0;
    for (const Call& call : plan_.calls) {
      prompt += call.prompt_tokens;
      output += call.output_tokens;
    }
    const double least_s = critical_path_s(plan_, [](const SessionPlan&, const Call&) { return 0.0; });
    text_ = fmt::format(
        "session {} '{}'{}: {}, {}, {} prompt and {} output tokens; tools and people take at least {}\n",
        plan_.index, plan_.name,
        plan_.recorded_arrival_s ? fmt::format(", arrives at {}", pretty_time(*plan_.recorded_arrival_s))
                                 : "",
        plural(plan_.agents.size(), "agent"), plural(plan_.calls.size(), "call"), tokens(prompt),
        tokens(output), pretty_time(least_s));
    add_agent(0, 1);
    return std::move(text_);
  }

 private:
  void line(size_t depth, const std::string& words) { text_ += std::string(2 * depth, ' ') + words + "\n"; }

  void add_agent(size_t number, size_t depth) {
    const Agent& agent = plan_.agents[number];
    uint64_t output = 0;
    uint32_t low = UINT32_MAX, high = 0, turns = 1;
    for (uint32_t i = agent.first_call; i < agent.first_call + agent.call_count; ++i) {
      const Call& call = plan_.calls[i];
      output += call.output_tokens;
      low = std::min(low, call.prompt_tokens);
      high = std::max(high, call.prompt_tokens);
      turns += i > agent.first_call && call.gap == Gap::human ? 1 : 0;
    }
    std::string words = fmt::format("agent {} {}: {} in {}, prompts of {} to {} tokens, {} output", number,
                                    names_.roles.at(agent.role), plural(agent.call_count, "call"),
                                    plural(turns, "turn"), tokens(low), tokens(high), tokens(output));
    if (agent.deployment >= 0)
      words += ", on " + names_.deployments.at(static_cast<size_t>(agent.deployment));
    if (std::isfinite(agent.budget_s)) words += ", within " + pretty_time(agent.budget_s);
    if (number > 0) words += join_text(agent);
    line(depth, words);
    for (uint32_t call = 0; call < agent.call_count; ++call) {
      if (with_calls_) add_call(agent, call, depth + 1);
      for (size_t child = number + 1; child < plan_.agents.size(); ++child)
        if (plan_.agents[child].parent == static_cast<int32_t>(number) &&
            plan_.agents[child].spawn_call == call)
          add_agent(child, depth + 1);
    }
  }

  std::string join_text(const Agent& agent) const {
    std::string words = fmt::format("; spawned by call {}", agent.spawn_call);
    if (agent.spawn_delay_s > 0.0) words += fmt::format(" after {}", pretty_time(agent.spawn_delay_s));
    if (agent.join_call < 0) return words + ", nobody waits for it";
    words += fmt::format(", call {} waits for it", agent.join_call);
    if (agent.join_group < 0) return words;
    const uint32_t needed = plan_.join_groups[static_cast<size_t>(agent.join_group)].needed;
    const auto members = std::count_if(plan_.agents.begin(), plan_.agents.end(), [&](const Agent& other) {
      return other.join_group == agent.join_group;
    });
    return words + fmt::format(" or others ({} of {})", needed, members);
  }

  void add_call(const Agent& agent, uint32_t number, size_t depth) {
    const uint32_t index = agent.first_call + number;
    const Call& call = plan_.calls[index];
    std::string words = fmt::format("call {}: {} in, {} out", number, call.prompt_tokens, call.output_tokens);
    if (call.reasoning_tokens > 0) words += fmt::format(", {} of them reasoning", call.reasoning_tokens);
    if (call.purpose != Purpose::step) words += fmt::format(", {}", purpose_word(call.purpose));
    const std::string gap = gap_text(plan_, names_, call);
    if (!gap.empty()) words += ", " + gap;
    for (const Message& message : plan_.messages) {
      if (message.reader != index) continue;
      const auto after =
          std::upper_bound(plan_.agents.begin(), plan_.agents.end(), message.sender,
                           [](uint32_t sender, const Agent& a) { return sender < a.first_call; });
      words += fmt::format(", reads call {} of agent {}", message.sender - std::prev(after)->first_call,
                           after - plan_.agents.begin() - 1);
    }
    line(depth, words);
  }

  const SessionPlan& plan_;
  const PlanNames& names_;
  bool with_calls_;
  std::string text_;
};

}  // namespace

std::string plan_text(const SessionPlan& plan, const PlanNames& names, bool with_calls) {
  return Tree(plan, names, with_calls).text();
}

std::string plan_dot(const SessionPlan& plan, const PlanNames& names) {
  std::string dot =
      fmt::format("digraph session_{} {{\n  rankdir=LR;\n  node [shape=box, fontsize=10];\n", plan.index);
  const auto edge = [&](uint32_t from, uint32_t to, const std::string& attributes) {
    dot += fmt::format("  c{} -> c{} [{}];\n", from, to, attributes);
  };
  for (size_t a = 0; a < plan.agents.size(); ++a) {
    const Agent& agent = plan.agents[a];
    dot += fmt::format("  subgraph cluster_{} {{\n    label=\"agent {} {}\";\n", a, a,
                       names.roles.at(agent.role));
    for (uint32_t i = 0; i < agent.call_count; ++i) {
      const Call& call = plan.calls[agent.first_call + i];
      dot += fmt::format("    c{} [label=\"{}{}\\n{} in, {} out\"];\n", agent.first_call + i,
                         call.purpose == Purpose::step ? "" : fmt::format("{} ", purpose_word(call.purpose)),
                         i, call.prompt_tokens, call.output_tokens);
    }
    dot += "  }\n";
    for (uint32_t i = 1; i < agent.call_count; ++i) {
      const Call& call = plan.calls[agent.first_call + i];
      edge(agent.first_call + i - 1, agent.first_call + i,
           fmt::format("label=\"{} {}\"", gap_word(call.gap), pretty_time(gap_s(plan, call))));
    }
    if (agent.parent < 0) continue;
    const uint32_t first = plan.agents[static_cast<size_t>(agent.parent)].first_call;
    edge(first + agent.spawn_call, agent.first_call, "style=dashed, label=\"spawn\"");
    if (agent.join_call >= 0)
      edge(agent.first_call + agent.call_count - 1, first + static_cast<uint32_t>(agent.join_call),
           agent.join_group >= 0 ? fmt::format("label=\"{} needed\"",
                                               plan.join_groups[static_cast<size_t>(agent.join_group)].needed)
                                 : "label=\"join\"");
  }
  for (const Message& message : plan.messages)
    edge(message.sender, message.reader, "style=dotted, label=\"message\"");
  return dot + "}\n";
}

}  // namespace agentsim::workload
