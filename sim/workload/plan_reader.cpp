#include "sim/workload/plan_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "sim/base/contract.hpp"
#include "sim/workload/plan_graph.hpp"
#include "sim/workload/plan_json.hpp"

namespace agentsim::workload {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMostTokens = int64_t{1} << 31;
constexpr int64_t kMostItems = 10'000'000;

std::optional<int64_t> whole(const Json& json, int64_t low, int64_t high) {
  if (!json.is_number_integer()) return {};
  const auto value = json.get<int64_t>();
  if (value < low || value > high) return {};
  return value;
}

// Reads one plan; messages name calls by agent, so they are added last.
class PlanLine {
 public:
  PlanLine(const JsonObject& line, NameNumbers& names) : line_(line), names_(names) {}

  SessionPlan read() {
    plan_.index = static_cast<uint64_t>(line_.whole("session", 0, int64_t{1} << 53));
    plan_.name = line_.text("name");
    plan_.recorded_arrival_s = line_.maybe_number("recorded_arrival_s");
    for (const Json& word : line_.list("streams")) read_stream(word);
    if (line_.has("needed"))
      for (const Json& needed : line_.list("needed")) {
        const std::optional<int64_t> value = whole(needed, 1, kMostItems);
        if (!value) line_.mistake("needed", "is not a list of whole numbers from 1");
        plan_.join_groups.push_back({static_cast<uint32_t>(value.value_or(1))});
      }
    line_.each("agents", [&](const JsonObject& agent) { read_agent(agent); });
    add_messages();
    return std::move(plan_);
  }

 private:
  struct Reading {
    uint32_t reader = 0;
    int64_t agent = 0;
    int64_t call = 0;
  };

  void read_stream(const Json& word) {
    uint64_t stream = 0;
    const std::string text = word.is_string() ? word.get<std::string>() : "";
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), stream, 16);
    if (text.size() != 16 || error != std::errc() || end != text.data() + 16)
      line_.mistake("streams", fmt::format("holds {}, which is not 16 hexadecimal digits", word.dump()));
    streams_.push_back(stream);
  }

  void read_agent(const JsonObject& json) {
    Agent agent;
    agent.first_call = static_cast<uint32_t>(plan_.calls.size());
    agent.role = names_.role(json.text("role"));
    if (json.has("deployment")) agent.deployment = names_.deployment(json.text("deployment"));
    if (json.has("parent")) {
      agent.parent = static_cast<int32_t>(json.whole("parent", 0, kMostItems));
      agent.spawn_call = static_cast<uint32_t>(json.whole("spawn_call", 0, kMostItems));
      agent.spawn_delay_s = json.maybe_number("spawn_delay_s").value_or(0.0);
      agent.join_call = static_cast<int32_t>(json.maybe_whole("join_call", 0, kMostItems).value_or(-1));
      agent.join_group = static_cast<int32_t>(json.maybe_whole("join_group", 0, kMostItems).value_or(-1));
    }
    if (json.has("budget_s")) agent.budget_s = json.number("budget_s");
    json.each("calls", [&](const JsonObject& call) { read_call(call); });
    agent.call_count = static_cast<uint32_t>(plan_.calls.size()) - agent.first_call;
    plan_.agents.push_back(agent);
  }

  void read_call(const JsonObject& json) {
    Call call;
    read_words(json, call);
    call.gap_s = json.number("gap_s");
    call.prompt_tokens = static_cast<uint32_t>(json.whole("prompt_tokens", 1, kMostTokens));
    call.output_tokens = static_cast<uint32_t>(json.whole("output_tokens", 1, kMostTokens));
    call.reasoning_tokens =
        static_cast<uint32_t>(json.maybe_whole("reasoning_tokens", 0, kMostTokens).value_or(0));
    call.first_tool = static_cast<uint32_t>(plan_.tools.size());
    json.each(
        "tools", [&](const JsonObject& tool) { read_tool(tool); }, true);
    call.tool_count = static_cast<uint16_t>(plan_.tools.size() - call.first_tool);
    call.first_slice = static_cast<uint32_t>(plan_.slices.size());
    for (const Json& slice : json.list("prompt")) read_slice(json, slice);
    call.slice_count = static_cast<uint32_t>(plan_.slices.size()) - call.first_slice;
    const Json& output = json.list("output");
    const auto stream = output.size() == 2 ? whole(output[0], 0, last_stream()) : std::nullopt;
    const auto begin = output.size() == 2 ? whole(output[1], 0, UINT32_MAX) : std::nullopt;
    if (stream && begin) {
      call.output_stream = streams_[static_cast<size_t>(*stream)];
      call.output_begin = static_cast<uint32_t>(*begin);
    } else {
      json.mistake("output", "is not [stream, begin]");
    }
    if (json.has("messages"))
      for (const Json& sender : json.list("messages")) read_message(json, sender);
    plan_.calls.push_back(call);
  }

  void read_words(const JsonObject& json, Call& call) {
    const std::string gap = json.text("gap");
    for (const Gap kind : {Gap::none, Gap::tool, Gap::human})
      if (gap == gap_word(kind)) call.gap = kind;
    if (gap != gap_word(call.gap))
      json.mistake("gap", fmt::format("must be none, tool or human, not '{}'", gap));
    if (!json.has("purpose")) return;
    const std::string purpose = json.text("purpose");
    for (const Purpose kind : {Purpose::step, Purpose::summary, Purpose::failed})
      if (purpose == purpose_word(kind)) call.purpose = kind;
    if (purpose != purpose_word(call.purpose))
      json.mistake("purpose", fmt::format("must be step, summary or failed, not '{}'", purpose));
  }

  void read_tool(const JsonObject& json) {
    Tool tool;
    tool.name = names_.tool(json.text("name"));
    tool.service_s = json.number("service_s");
    if (json.has("resource")) tool.resource = names_.resource(json.text("resource"));
    tool.parallel = json.maybe_flag("parallel");
    plan_.tools.push_back(tool);
  }

  void read_slice(const JsonObject& call, const Json& json) {
    const bool is_list = json.is_array() && json.size() == 3;
    const auto stream = is_list ? whole(json[0], 0, last_stream()) : std::nullopt;
    const auto begin = is_list ? whole(json[1], 0, UINT32_MAX) : std::nullopt;
    const auto end = is_list ? whole(json[2], 0, UINT32_MAX) : std::nullopt;
    if (stream && begin && end)
      plan_.slices.push_back({streams_[static_cast<size_t>(*stream)], static_cast<uint32_t>(*begin),
                              static_cast<uint32_t>(*end)});
    else
      call.mistake("prompt", fmt::format("holds {}, which is not [stream, begin, end]", json.dump()));
  }

  void read_message(const JsonObject& call, const Json& json) {
    const bool is_list = json.is_array() && json.size() == 2;
    const auto agent = is_list ? whole(json[0], 0, kMostItems) : std::nullopt;
    const auto sender = is_list ? whole(json[1], 0, kMostItems) : std::nullopt;
    if (agent && sender)
      readings_.push_back({static_cast<uint32_t>(plan_.calls.size()), *agent, *sender});
    else
      call.mistake("messages", fmt::format("holds {}, which is not [agent, call]", json.dump()));
  }

  void add_messages() {
    for (const Reading& reading : readings_) {
      const auto agent = static_cast<size_t>(reading.agent);
      if (agent >= plan_.agents.size() || reading.call >= int64_t{plan_.agents[agent].call_count})
        line_.mistakes().add(
            fmt::format("there is no call {} of agent {} to send a message", reading.call, reading.agent));
      else
        plan_.messages.push_back(
            {plan_.agents[agent].first_call + static_cast<uint32_t>(reading.call), reading.reader});
    }
    std::sort(plan_.messages.begin(), plan_.messages.end(), [](const Message& a, const Message& b) {
      return std::tie(a.reader, a.sender) < std::tie(b.reader, b.sender);
    });
  }

  int64_t last_stream() const { return static_cast<int64_t>(streams_.size()) - 1; }

  const JsonObject& line_;
  NameNumbers& names_;
  SessionPlan plan_;
  std::vector<uint64_t> streams_;
  std::vector<Reading> readings_;
};

}  // namespace

std::optional<SessionPlan> read_plan(const JsonObject& line, NameNumbers& names) {
  line.require({"session", "name", "streams", "agents"}, "plans (agentsim's own format)");
  const size_t before = line.mistakes().size();
  SessionPlan plan = PlanLine(line, names).read();
  if (line.mistakes().size() > before) return {};
  try {
    validate(plan);
  } catch (const ContractViolation& broken) {
    line.mistakes().add(broken.what());
    return {};
  }
  return plan;
}

}  // namespace agentsim::workload
