#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "sim/base/iso_time.hpp"
#include "sim/workload/json_lines.hpp"
#include "sim/workload/recorded_session.hpp"

namespace agentsim::workload {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 30;

// round_trace.jsonl of TraceLab (uw-syfi/TraceLab, arXiv 2606.30560): a line for each model call of a Claude
// Code or Codex session. A call starts when its last input has come in (the person's message, a tool's
// result) and ends with its last own event. Sessions may be mixed: 40 bytes a call are kept.
class TraceLab : public Described<TraceLab, Importer> {
 public:
  template <class V>
  void parameters(V& v) {
    describe_rules(v, rules_);
  }

  void read(const std::vector<std::string>& paths, ImportSink& sink) const override {
    std::vector<RecordedSession> sessions;
    std::unordered_map<std::string, size_t> numbers;
    for (const std::string& path : paths)
      each_json_line(path, [&](const JsonObject& line) {
        line.require({"session_id", "round_index", "input_tokens_total", "timing_events"},
                     "TraceLab's round_trace");
        const std::string name = line.text("session_id");
        RecordedCall call;
        if (!read_call(line, call, sink)) return;
        const auto [found, is_new] = numbers.emplace(name, sessions.size());
        if (is_new) {
          sessions.push_back({name, {RecordedAgent{}}});
          const std::string provider = line.maybe_text("provider");
          sessions.back().agents[0].role = provider.empty() ? "main" : provider;
        }
        sessions[found->second].agents[0].calls.push_back(call);
      });
    const auto start_ns = [](const RecordedSession& session) {
      int64_t first = INT64_MAX;
      for (const RecordedCall& call : session.agents[0].calls) first = std::min(first, call.start_ns);
      return first;
    };
    std::stable_sort(
        sessions.begin(), sessions.end(),
        [&](const RecordedSession& a, const RecordedSession& b) { return start_ns(a) < start_ns(b); });
    RecordedSessions recorded("tracelab", rules_, sink);
    for (RecordedSession& session : sessions) recorded.add(std::move(session));
    recorded.finish();
    sink.note("the format does not tell sub-agents apart: each session is one agent");
  }

 private:
  static bool is_input(const std::string& event) { return event == "user_message" || event == "tool_result"; }

  static bool read_call(const JsonObject& line, RecordedCall& call, ImportSink& sink) {
    if (!line.has("input_tokens_total") || !line.has("output_tokens")) {
      sink.count("lines have no token counts and are left out");
      return false;
    }
    const size_t mistakes = line.mistakes().size();
    call.prompt_tokens = static_cast<uint32_t>(line.whole("input_tokens_total", 0, kMostTokens));
    call.cached_tokens = static_cast<uint32_t>(line.maybe_whole("prefix_tokens", 0, kMostTokens).value_or(0));
    call.output_tokens = static_cast<uint32_t>(line.whole("output_tokens", 0, kMostTokens));
    int64_t input_ns = 0, first_ns = INT64_MAX, last_ns = 0;
    line.each("timing_events", [&](const JsonObject& event) {
      const std::string text = event.text("timestamp");
      const std::optional<int64_t> ns = parse_iso_time(text);
      if (!ns) return event.mistake("timestamp", fmt::format("is not a time: '{}'", text));
      first_ns = std::min(first_ns, *ns);
      const std::string type = event.text("event_type");
      if (is_input(type))
        input_ns = std::max(input_ns, *ns);
      else
        last_ns = std::max(last_ns, *ns);
      call.is_human = call.is_human || type == "user_message";
    });
    if (line.mistakes().size() > mistakes) return false;
    if (call.prompt_tokens == 0 || first_ns == INT64_MAX) {
      sink.count(call.prompt_tokens == 0 ? "lines have an empty prompt and are left out"
                                         : "lines have no times and are left out");
      return false;
    }
    call.start_ns = input_ns > 0 ? input_ns : first_ns;
    call.end_ns = std::max(call.start_ns, last_ns);
    return true;
  }

  RecordedRules rules_;
};

const Importers::Entry entry =
    importer_entry<TraceLab>("tracelab", "round_trace.jsonl of TraceLab: calls of Claude Code and Codex");

}  // namespace
}  // namespace agentsim::workload
