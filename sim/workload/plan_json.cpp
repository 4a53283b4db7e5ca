#include "sim/workload/plan_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace agentsim::workload {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double seconds) {
  return std::round(seconds * 1e6) / 1e6;
}

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

Json call_json(const SessionPlan& plan, const Call& call, StreamTable& streams) {
  Json json;
  json["gap"] = gap_word(call.gap);
  json["gap_s"] = rounded(call.gap_s);
  json["prompt_tokens"] = call.prompt_tokens;
  json["output_tokens"] = call.output_tokens;
  json["prompt"] = Json::array();
  for (uint32_t i = call.first_slice; i < call.first_slice + call.slice_count; ++i) {
    const Slice& slice = plan.slices[i];
    json["prompt"].push_back({streams.number(slice.stream), slice.begin, slice.end});
  }
  json["output"] = {streams.number(call.output_stream), call.output_begin};
  return json;
}

Json agent_json(const SessionPlan& plan, const Agent& agent, const std::vector<std::string>& roles,
                StreamTable& streams) {
  Json json;
  json["role"] = roles.at(agent.role);
  if (agent.parent >= 0) {
    json["parent"] = agent.parent;
    json["spawn_call"] = agent.spawn_call;
    json["spawn_delay_s"] = rounded(agent.spawn_delay_s);
    json["join_call"] = agent.join_call >= 0 ? Json(agent.join_call) : Json();
  }
  json["calls"] = Json::array();
  for (uint32_t i = 0; i < agent.call_count; ++i)
    json["calls"].push_back(call_json(plan, plan.calls[agent.first_call + i], streams));
  return json;
}

}  // namespace

std::string plan_line(const SessionPlan& plan, const std::vector<std::string>& roles) {
  StreamTable streams;
  Json agents = Json::array();
  for (const Agent& agent : plan.agents) agents.push_back(agent_json(plan, agent, roles, streams));
  Json json;
  json["session"] = plan.index;
  json["name"] = plan.name;
  json["recorded_arrival_s"] = plan.recorded_arrival_s ? Json(rounded(*plan.recorded_arrival_s)) : Json();
  json["streams"] = streams.words();
  json["agents"] = std::move(agents);
  return json.dump();
}

}  // namespace agentsim::workload
