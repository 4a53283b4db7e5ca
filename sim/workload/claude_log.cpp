#include "sim/workload/claude_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/hash.hpp"
#include "sim/base/iso_time.hpp"

namespace agentsim::workload {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMostTokens = int64_t{1} << 28;
constexpr const char* kSubAgent = "subagent";  // of a type that is not told

uint64_t hash_of(std::string_view text) {
  return Fnv1a().add(text).value();
}

std::string word(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Whether a user's message is a person's and not only results of tools.
bool is_spoken(const JsonObject& message) {
  const Json* content = message.find("content");
  if (content == nullptr || !content->is_array()) return true;
  return std::any_of(content->begin(), content->end(), [](const Json& block) {
    return block.is_object() && word(block, "type") != "tool_result";
  });
}

}  // namespace

size_t ClaudeLog::new_agent(const std::string& type) {
  RecordedAgent& agent = agents_.emplace_back();
  agent.role = type;
  agent.parent = agents_.size() == 1 ? -1 : 0;
  open_.emplace_back();
  return agents_.size() - 1;
}

size_t ClaudeLog::agent(const JsonObject& line, const std::string& sub_agent, const std::string& type) {
  if (agents_.empty()) new_agent("main");
  if (sub_agent.empty() && !line.maybe_flag("isSidechain")) return 0;
  const std::string id = sub_agent.empty() ? line.maybe_text("agentId") : sub_agent;
  if (!id.empty()) {
    const auto found = by_id_.find(id);
    if (found != by_id_.end()) return found->second;
    const auto known = type_of_agent_.find(id);
    const std::string told = !type.empty() ? type : known != type_of_agent_.end() ? known->second : kSubAgent;
    return by_id_[id] = new_agent(told);
  }
  const std::string uuid = line.maybe_text("uuid"), parent = line.maybe_text("parentUuid");
  const auto found = by_uuid_.find(hash_of(parent));
  const size_t number = parent.empty() || found == by_uuid_.end() ? new_agent(kSubAgent) : found->second;
  by_uuid_[hash_of(uuid)] = number;
  return number;
}

void ClaudeLog::add_line(const JsonObject& line, const std::string& sub_agent, const std::string& type) {
  const std::string kind = line.maybe_text("type");
  const std::optional<JsonObject> message = line.object("message");
  if ((kind != "user" && kind != "assistant") || !message) {
    knows_lines_ =
        knows_lines_ ||
        (!kind.empty() && (line.has("sessionId") || kind == "summary" || kind == "file-history-snapshot"));
    return sink_.count("lines are no messages (summaries, hooks, snapshots)");
  }
  knows_lines_ = true;
  const size_t mistakes = line.mistakes().size();
  const std::string text = line.text("timestamp");
  const std::optional<int64_t> ns = parse_iso_time(text);
  if (!ns && !text.empty()) line.mistake("timestamp", fmt::format("is not a time: '{}'", text));
  if (line.mistakes().size() > mistakes || !ns) return;
  const size_t number = agent(line, sub_agent, type);
  kind == "user" ? add_user(line, number, *ns) : add_assistant(line, number, *ns);
}

void ClaudeLog::add_user(const JsonObject& line, size_t number, int64_t ns) {
  Open& open = open_[number];
  open.input_ns = std::max(open.input_ns, ns);
  const std::optional<JsonObject> message = line.object("message");
  const bool is_own = line.maybe_flag("isMeta") || line.maybe_flag("isCompactSummary");
  if (!is_own && is_spoken(*message)) open.is_human = true;
  // The result of a Task names the agent it had sent out.
  const std::optional<JsonObject> result = line.object("toolUseResult");
  if (!result || !result->has("agentId")) return;
  const Json* content = message->find("content");
  if (content == nullptr || !content->is_array()) return;
  for (const Json& block : *content) {
    if (!block.is_object()) continue;
    const auto task = task_type_.find(hash_of(word(block, "tool_use_id")));
    if (task != task_type_.end()) type_of_agent_[result->maybe_text("agentId")] = task->second;
  }
}

void ClaudeLog::note_task(const JsonObject& message) {
  const Json* content = message.find("content");
  if (content == nullptr || !content->is_array()) return;
  for (const Json& block : *content) {
    if (!block.is_object() || word(block, "type") != "tool_use") continue;
    const auto input = block.find("input");
    const std::string type =
        input != block.end() && input->is_object() ? word(*input, "subagent_type") : std::string();
    if (!type.empty()) task_type_[hash_of(word(block, "id"))] = type;
  }
}

void ClaudeLog::add_assistant(const JsonObject& line, size_t number, int64_t ns) {
  const std::optional<JsonObject> message = line.object("message");
  note_task(*message);
  const std::optional<JsonObject> usage = message->object("usage");
  if (message->maybe_text("model") == "<synthetic>" || line.maybe_flag("isApiErrorMessage"))
    return sink_.count("lines are errors that the program wrote itself, no calls");
  if (!usage) return sink_.count("replies have no usage and are left out");
  const auto tokens = [&](const char* key) { return usage->maybe_whole(key, 0, kMostTokens).value_or(0); };
  const int64_t cached = tokens("cache_read_input_tokens");
  const int64_t prompt = tokens("input_tokens") + tokens("cache_creation_input_tokens") + cached;
  const auto output = static_cast<uint32_t>(tokens("output_tokens"));
  std::string id = message->maybe_text("id");
  if (id.empty()) id = line.maybe_text("requestId");
  if (id.empty()) id = line.maybe_text("uuid");
  const uint64_t reply = hash_of(id);
  Open& open = open_[number];
  std::vector<RecordedCall>& calls = agents_[number].calls;
  const auto known = open.replies.find(reply);
  if (known != open.replies.end()) {
    RecordedCall& call = calls[known->second];
    call.end_ns = std::max(call.end_ns, ns);
    call.output_tokens = std::max(call.output_tokens, output);
    return;
  }
  if (own_.count(reply) > 0 || counted_.count(reply) > 0)
    return sink_.count("lines repeat replies of an earlier session or agent and are left out");
  if (prompt == 0) return sink_.count("replies have an empty prompt and are left out");
  own_.insert(reply);
  open.replies.emplace(reply, calls.size());
  RecordedCall& call = calls.emplace_back();
  call.start_ns = open.input_ns > 0 ? std::min(open.input_ns, ns) : ns;
  call.end_ns = ns;
  call.prompt_tokens = static_cast<uint32_t>(prompt);
  call.cached_tokens = static_cast<uint32_t>(cached);
  call.output_tokens = output;
  call.is_human = open.is_human;
  open.is_human = false;
}

std::vector<RecordedAgent> ClaudeLog::take_agents() {
  counted_.insert(own_.begin(), own_.end());
  return std::move(agents_);
}

}  // namespace agentsim::workload
