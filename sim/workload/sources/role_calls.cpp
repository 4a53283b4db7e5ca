#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/workload/sources/role_agent.hpp"

// The calls of a RoleAgent's step: its own, those made again, the one that writes a summary; and what passes
// before it.
namespace agentsim::workload {

// False if the agent gives up.
bool RoleAgent::add_step(Gap gap, bool waits) {
  const auto limit = static_cast<uint32_t>(spec_.context_limit);
  const size_t first = plan_.calls.size();
  if (context_.tokens() == 0) context_.grow(1);  // a prompt has at least one token
  bool is_done = false;
  for (int64_t tries = 0; !is_done && tries <= spec_.failure.retries; ++tries) {
    const uint32_t reasoning = count(spec_.reasoning, traits_.output);
    const uint32_t answer = count(spec_.output, traits_.output, 1);
    uint32_t output = answer + reasoning;
    if (uint64_t{context_.tokens()} + output > limit) {
      compact();
      output = std::min(output, limit - context_.tokens());
    }
    is_done = spec_.failure.probability <= 0.0 || random_.uniform() >= spec_.failure.probability;
    const size_t number = plan_.calls.size();
    add_call(output, is_done ? Purpose::step : Purpose::failed);
    Call& call = plan_.calls.back();
    call.reasoning_tokens = std::min(reasoning, output - 1);
    if (tries > 0) {
      call.gap = Gap::tool;
      plan_.calls[number].gap_s = spec_.failure.delay.draw(random_);
    }
    if (!is_done) continue;
    if (spec_.keep_reasoning || call.reasoning_tokens == 0) {
      context_.grow(output);
    } else {
      context_.skip(output);
      context_.grow(output - call.reasoning_tokens);
    }
  }
  add_gap(plan_.calls[first], gap, waits);
  return is_done;
}

// A call with the front of the context, at most so much of it, as its prompt.
void RoleAgent::add_call(uint32_t output, Purpose purpose, uint32_t most_tokens) {
  if (plan_.calls.size() >= kMostCalls)
    throw ConfigError(fmt::format("session {} has more than {} calls: the role '{}' takes too many steps",
                                  session_.index, kMostCalls, role_.name));
  Call& call = context_.add_prompt(plan_, output, most_tokens);
  call.purpose = purpose;
  if (purpose != Purpose::step) {  // nobody goes on where it ends
    call.output_stream = stream_id("aside", session_.index, number_, failed_calls_++);
    call.output_begin = 0;
  }
  used_tokens_ += static_cast<double>(call.prompt_tokens) + output;
}

// Makes room at the context's limit.
void RoleAgent::compact() {
  const auto limit = static_cast<uint32_t>(spec_.context_limit);
  const uint32_t summary = std::min(spec_.summary.draw_count(random_), limit / 2);
  if (summary > 0) add_call(summary, Purpose::summary, limit - summary);
  const uint32_t wanted = front_tokens_ + static_cast<uint32_t>(spec_.compact_to);
  const uint32_t left = std::min({context_.tokens(), wanted, limit - 1});
  context_.keep(std::min(front_tokens_, left));
  context_.grow(left - context_.tokens());
}

void RoleAgent::add_gap(Call& call, Gap gap, bool waits) {
  call.gap = gap;
  if (gap == Gap::tool && !waits) {
    if (!role_.tools.empty()) return add_tools(call);
    call.gap_s = spec_.tool.draw(random_) * traits_.tool;
  } else if (gap == Gap::human) {
    const double think_s = spec_.think.draw(random_) * traits_.think;
    if (role_.person < 0) {
      call.gap_s = think_s;
      return;
    }
    call.first_tool = static_cast<uint32_t>(plan_.tools.size());
    call.tool_count = 1;
    plan_.tools.push_back({session_.roles.thought(), role_.person, false, think_s});
  }
}

// Tools that run at once.
void RoleAgent::add_tools(Call& call) {
  constexpr uint32_t kMostTools = 1000;
  const uint32_t tools = std::min(spec_.tool_calls.draw_count(random_, 1), kMostTools);
  call.first_tool = static_cast<uint32_t>(plan_.tools.size());
  call.tool_count = static_cast<uint16_t>(tools);
  for (uint32_t i = 0; i < tools; ++i) {
    double left = role_.tools.size() > 1 ? random_.uniform() * role_.tool_weight : 0.0;
    size_t kind = 0;
    while (kind + 1 < role_.tools.size() && left >= spec_.tools[kind].weight)
      left -= spec_.tools[kind++].weight;
    plan_.tools.push_back({role_.tools[kind].name, role_.tools[kind].resource, i > 0,
                           spec_.tools[kind].duration.draw(random_) * traits_.tool});
  }
}

}  // namespace agentsim::workload
