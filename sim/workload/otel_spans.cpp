#include "sim/workload/otel_spans.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <istream>
#include <unordered_map>

#include "sim/base/csv.hpp"
#include "sim/base/hash.hpp"
#include "sim/base/text_file.hpp"

namespace agentsim::workload {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMostTokens = int64_t{1} << 28;
constexpr int kSpanDepth = 6;  // {resourceSpans: [{scopeSpans: [{spans: [{
const std::vector<std::string> kInput{"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"};
const std::vector<std::string> kOutput{"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"};
const std::vector<std::string> kCacheRead{
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",     "gen_ai.usage.cached_tokens",
    "gen_ai.usage.input_tokens_cached",     "gen_ai.usage.cache_read_tokens"};
const std::vector<std::string> kCacheWrite{
    "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.input_tokens.cache_write"};

// A number that OTLP JSON may write as a text, as it does all of 64 bits.
std::optional<int64_t> whole(const Json& json) {
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return static_cast<int64_t>(json.get<double>());
  if (!json.is_string()) return {};
  const std::string& text = json.get_ref<const std::string&>();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// The attributes of a span by name; the values are OTLP's {intValue: "3"}.
class Attributes {
 public:
  Attributes(const JsonObject& span) : span_(span) {
    span.each(
        "attributes",
        [&](const JsonObject& attribute) {
          const Json* value = attribute.find("value");
          if (value != nullptr && value->is_object() && !value->empty())
            values_[attribute.maybe_text("key")] = &value->begin().value();
        },
        true);
  }
  std::string text(const std::string& name) const {
    const auto found = values_.find(name);
    return found != values_.end() && found->second->is_string() ? found->second->get<std::string>() : "";
  }
  // The first of the names that is there.
  std::optional<int64_t> tokens(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      const auto found = values_.find(name);
      if (found == values_.end()) continue;
      const std::optional<int64_t> value = whole(*found->second);
      if (value && *value >= 0 && *value <= kMostTokens) return value;
      span_.mistakes().add(
          fmt::format("{} {}", name, value && *value < 0 ? "is negative" : "is no number of tokens"));
      return 0;
    }
    return {};
  }

 private:
  const JsonObject& span_;
  std::unordered_map<std::string, const Json*> values_;
};

SpanKind kind_of(const std::string& operation) {
  if (operation == "invoke_agent" || operation == "invoke_workflow") return SpanKind::agent;
  if (operation == "chat" || operation == "text_completion" || operation == "generate_content")
    return SpanKind::call;
  return operation == "execute_tool" ? SpanKind::tool : SpanKind::other;
}

class SpanReader {
 public:
  SpanReader(GenAiSpans& out, LineMistakes& mistakes) : out_(out), mistakes_(mistakes) {
    for (size_t i = 0; i < out_.names.size(); ++i) names_[out_.names[i]] = static_cast<uint32_t>(i);
    for (size_t i = 0; i < out_.conversations.size(); ++i)
      conversations_[out_.conversations[i]] = static_cast<uint32_t>(i);
  }

  // Takes each span out of a JSON document as it is parsed, so that no more than one is held. Returns whether
  // it had `resourceSpans`.
  template <class Input>
  bool read(Input&& input) {
    bool has_resources = false;
    const auto take = [&](int depth, Json::parse_event_t event, Json& parsed) {
      if (event == Json::parse_event_t::key) {
        has_resources = has_resources || (depth == 1 && parsed == "resourceSpans");
        return true;
      }
      if (event != Json::parse_event_t::object_end || depth != kSpanDepth || !parsed.contains("spanId"))
        return true;
      add(JsonObject(parsed, mistakes_));
      return false;
    };
    const Json rest = Json::parse(std::forward<Input>(input), take);
    if (!rest.is_object()) return false;
    return has_resources;
  }

 private:
  // Index of a name in a list, added if it is new.
  static uint32_t number(std::unordered_map<std::string, uint32_t>& numbers, std::vector<std::string>& list,
                         const std::string& name) {
    const auto [found, is_new] = numbers.emplace(name, static_cast<uint32_t>(list.size()));
    if (is_new) list.push_back(name);
    return found->second;
  }

  uint32_t trace_number(const std::string& id, const JsonObject& json) {
    GenAiTrace trace;
    const auto hex = [&](size_t from, uint64_t& out) {
      const char* end = id.data() + from + 16;
      return id.size() == 32 && std::from_chars(id.data() + from, end, out, 16).ptr == end;
    };
    if (!hex(0, trace.high) || !hex(16, trace.low))
      json.mistake("traceId", fmt::format("is not 32 hexadecimal digits: '{}'", id.substr(0, 40)));
    const auto [found, is_new] =
        traces_.emplace(mix64(trace.high) ^ trace.low, static_cast<uint32_t>(out_.traces.size()));
    if (is_new) out_.traces.push_back(trace);
    return found->second;
  }

  void add(const JsonObject& json) {
    const size_t mistakes = mistakes_.size();
    GenAiSpan span;
    const std::string trace_id = json.text("traceId"), parent = json.maybe_text("parentSpanId");
    span.trace = trace_number(trace_id, json);
    span.span = Fnv1a().add(trace_id).add(json.text("spanId")).value();
    if (!parent.empty()) span.parent = Fnv1a().add(trace_id).add(parent).value();
    span.start_ns = time(json, "startTimeUnixNano");
    span.end_ns = std::max(span.start_ns, time(json, "endTimeUnixNano"));
    const Attributes attributes(json);
    const std::string operation = attributes.text("gen_ai.operation.name");
    span.kind = kind_of(operation);
    if (span.kind == SpanKind::other && !operation.empty()) ++out_.other_operations;
    if (span.kind == SpanKind::agent) {
      std::string name = attributes.text("gen_ai.agent.name");
      if (name.empty()) name = "agent";
      span.name = static_cast<uint16_t>(number(names_, out_.names, name));
      if (out_.names.size() > 32'000) mistakes_.fail("there are more than 32000 different agents");
    }
    if (span.kind == SpanKind::call) add_tokens(attributes, span);
    if (mistakes_.size() > mistakes) return;
    GenAiTrace& trace = out_.traces[span.trace];
    trace.is_gen_ai = trace.is_gen_ai || span.kind != SpanKind::other;
    const std::string conversation = attributes.text("gen_ai.conversation.id");
    if (trace.conversation == 0 && !conversation.empty())
      trace.conversation = number(conversations_, out_.conversations, conversation);
    out_.spans.push_back(span);
  }

  int64_t time(const JsonObject& json, const char* key) {
    const Json* found = json.find(key);
    const std::optional<int64_t> ns = found == nullptr ? std::nullopt : whole(*found);
    if (!ns || *ns < 0) json.mistake(key, found == nullptr ? "is missing" : "is no time in nanoseconds");
    return ns.value_or(0);
  }

  void add_tokens(const Attributes& attributes, GenAiSpan& span) {
    const std::optional<int64_t> input = attributes.tokens(kInput), output = attributes.tokens(kOutput);
    const int64_t cached = attributes.tokens(kCacheRead).value_or(0);
    const int64_t written = attributes.tokens(kCacheWrite).value_or(0);
    if (!input || !output) {
      ++out_.without_tokens;
      return;
    }
    // The conventions count cached tokens as input tokens. Who passes Anthropic's counters on does not.
    const bool is_separate = cached + written > *input;
    if (is_separate) ++out_.separate_cache;
    span.prompt_tokens = static_cast<uint32_t>(*input + (is_separate ? cached + written : 0));
    span.cached_tokens = static_cast<uint32_t>(cached);
    span.output_tokens = static_cast<uint32_t>(*output);
    if (span.prompt_tokens == 0) ++out_.without_tokens;
  }

  GenAiSpans& out_;
  LineMistakes& mistakes_;
  std::unordered_map<std::string, uint32_t> names_;
  std::unordered_map<std::string, uint32_t> conversations_;
  std::unordered_map<uint64_t, uint32_t> traces_;
};

// Whether the file's first line that is not empty is a whole JSON value, so that each line is one.
bool is_by_line(const std::string& path) {
  struct Known {};
  bool by_line = true;
  try {
    read_lines(path, [&](std::string_view line, int) {
      if (line.find_first_not_of(" \t") == std::string_view::npos) return;
      by_line = line.size() > 2;  // "{" or "[" alone begin a document
      throw Known();
    });
  } catch (const Known&) {
  }
  return by_line;
}

}  // namespace

void read_otel_spans(const std::string& path, GenAiSpans& out) {
  LineMistakes mistakes(path);
  SpanReader reader(out, mistakes);
  const auto check = [&](bool has_resources) {
    if (!has_resources) mistakes.fail("is not OTLP JSON: it has no 'resourceSpans'");
  };
  size_t documents = 0;
  if (is_by_line(path)) {
    read_lines(path, [&](std::string_view line, int number) {
      if (line.find_first_not_of(" \t") == std::string_view::npos) return;
      mistakes.set_line(number);
      ++documents;
      try {
        check(reader.read(line));
      } catch (const Json::parse_error& error) {
        const bool is_cut = error.byte > line.size();
        mistakes.add(is_cut
                         ? fmt::format("ends in the middle of a JSON value, after {} characters", line.size())
                         : fmt::format("is not JSON: the mistake is at character {}", error.byte));
        if (documents == 1) mistakes.throw_if_any();
      }
    });
  } else {
    read_stream(path, [&](std::istream& stream) {
      try {
        mistakes.set_line(1);
        ++documents;
        check(reader.read(stream));
      } catch (const Json::parse_error& error) {
        throw ConfigError(
            {Diagnostic{Place{path, 0, 0, 1, ""},
                        fmt::format("is not a whole JSON document: it ends or breaks at byte {}", error.byte),
                        "",
                        {},
                        ""}});
      }
    });
  }
  mistakes.throw_if_any();
  if (documents == 0) throw ConfigError({Diagnostic{Place{path, 0, 0, 1, ""}, "is empty", "", {}, ""}});
}

}  // namespace agentsim::workload
