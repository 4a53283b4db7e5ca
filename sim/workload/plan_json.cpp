#include "sim/workload/plan_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace agentsim::workload {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double seconds) {
  return std::round(seconds * 1e6) / 1e6;
}

// Numbers streams in the order in which they first occur.
class StreamTable {
 public:
  size_t number(uint64_t stream) {
    const auto [found, is_new] = numbers_.emplace(stream, numbers_.size());
    if (is_new) words_.push_back(fmt::format("{:016x}", stream));
    return found->second;
  }
  const Json& words() const { return words_; }

 private:
  std::unordered_map<uint64_t, size_t> numbers_;
  Json words_ = Json::array();
};

Json tools_json(const SessionPlan& plan, const Call& call, const PlanNames& names) {
  Json tools = Json::array();
  for (uint32_t i = call.first_tool; i < call.first_tool + call.tool_count; ++i) {
    const Tool& tool = plan.tools[i];
    Json& json = tools.emplace_back();
    json["name"] = names.tools.at(tool.name);
    json["service_s"] = rounded(tool.service_s);
    if (tool.resource >= 0) json["resource"] = names.resources.at(static_cast<size_t>(tool.resource));
    if (tool.parallel) json["parallel"] = true;
  }
  return tools;
}

// The calls whose messages a call reads, as [agent, call of it].
Json messages_json(const SessionPlan& plan, uint32_t reader) {
  Json senders = Json::array();
  auto message = std::lower_bound(plan.messages.begin(), plan.messages.end(), reader,
                                  [](const Message& m, uint32_t call) { return m.reader < call; });
  for (; message != plan.messages.end() && message->reader == reader; ++message) {
    const auto after =
        std::upper_bound(plan.agents.begin(), plan.agents.end(), message->sender,
                         [](uint32_t call, const Agent& agent) { return call < agent.first_call; });
    const Agent& agent = *std::prev(after);
    senders.push_back({std::prev(after) - plan.agents.begin(), message->sender - agent.first_call});
  }
  return senders;
}

Json call_json(const SessionPlan& plan, uint32_t number, const PlanNames& names, StreamTable& streams) {
  const Call& call = plan.calls[number];
  Json json;
  if (call.purpose != Purpose::step) json["purpose"] = purpose_word(call.purpose);
  json["gap"] = gap_word(call.gap);
  json["gap_s"] = rounded(call.gap_s);
  if (call.tool_count > 0) json["tools"] = tools_json(plan, call, names);
  if (!plan.messages.empty()) {
    Json senders = messages_json(plan, number);
    if (!senders.empty()) json["messages"] = std::move(senders);
  }
  json["prompt_tokens"] = call.prompt_tokens;
  json["output_tokens"] = call.output_tokens;
  if (call.reasoning_tokens > 0) json["reasoning_tokens"] = call.reasoning_tokens;
  json["prompt"] = Json::array();
  for (uint32_t i = call.first_slice; i < call.first_slice + call.slice_count; ++i) {
    const Slice& slice = plan.slices[i];
    json["prompt"].push_back({streams.number(slice.stream), slice.begin, slice.end});
  }
  json["output"] = {streams.number(call.output_stream), call.output_begin};
  return json;
}

Json agent_json(const SessionPlan& plan, const Agent& agent, const PlanNames& names, StreamTable& streams) {
  Json json;
  json["role"] = names.roles.at(agent.role);
  if (agent.deployment >= 0) json["deployment"] = names.deployments.at(static_cast<size_t>(agent.deployment));
  if (agent.parent >= 0) {
    json["parent"] = agent.parent;
    json["spawn_call"] = agent.spawn_call;
    json["spawn_delay_s"] = rounded(agent.spawn_delay_s);
    json["join_call"] = agent.join_call >= 0 ? Json(agent.join_call) : Json();
    if (agent.join_group >= 0) json["join_group"] = agent.join_group;
  }
  if (std::isfinite(agent.budget_s)) json["budget_s"] = rounded(agent.budget_s);
  json["calls"] = Json::array();
  for (uint32_t i = 0; i < agent.call_count; ++i)
    json["calls"].push_back(call_json(plan, agent.first_call + i, names, streams));
  return json;
}

}  // namespace

const char* gap_word(Gap gap) {
  switch (gap) {
    case Gap::none:
      return "none";
    case Gap::tool:
      return "tool";
    case Gap::human:
      return "human";
  }
  return "none";
}

const char* purpose_word(Purpose purpose) {
  switch (purpose) {
    case Purpose::step:
      return "step";
    case Purpose::summary:
      return "summary";
    case Purpose::failed:
      return "failed";
  }
  return "step";
}

std::string plan_line(const SessionPlan& plan, const PlanNames& names) {
  StreamTable streams;
  Json agents = Json::array();
  for (const Agent& agent : plan.agents) agents.push_back(agent_json(plan, agent, names, streams));
  Json json;
  json["session"] = plan.index;
  json["name"] = plan.name;
  json["recorded_arrival_s"] = plan.recorded_arrival_s ? Json(rounded(*plan.recorded_arrival_s)) : Json();
  json["streams"] = streams.words();
  if (!plan.join_groups.empty()) {
    Json& needed = json["needed"] = Json::array();
    for (const JoinGroup& group : plan.join_groups) needed.push_back(group.needed);
  }
  json["agents"] = std::move(agents);
  return json.dump();
}

}  // namespace agentsim::workload
