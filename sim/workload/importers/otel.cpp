#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "sim/base/hash.hpp"
#include "sim/workload/otel_spans.hpp"
#include "sim/workload/recorded_session.hpp"

namespace agentsim::workload {
namespace {

// Spans of agents as OpenTelemetry's conventions for generative AI have them. A session is a conversation, or
// a trace where none is named. An invoke_agent span is an agent: inside another one a sub-agent, otherwise a
// turn of the agent of its name, which a person begins. A chat span is a call of the agent around it; a chat
// inside a chat is the same call seen twice.
class OtelTraces : public Described<OtelTraces, Importer> {
 public:
  template <class V>
  void parameters(V& v) {
    describe_rules(v, rules_);
  }

  void read(const std::vector<std::string>& paths, ImportSink& sink) const override {
    GenAiSpans all;
    for (const std::string& path : paths) read_otel_spans(path, all);
    const std::vector<uint32_t> order = by_session(all);
    RecordedSessions recorded("opentelemetry", rules_, sink);
    Counts counts;
    std::vector<uint32_t> session;
    std::vector<std::pair<int64_t, size_t>> begins;  // of each session: its first start, where it stands
    for (size_t i = 0; i < order.size(); ++i)
      if (i == 0 || key(all, order[i]) != key(all, order[i - 1]))
        begins.emplace_back(all.spans[order[i]].start_ns, i);
    std::sort(begins.begin(), begins.end());
    for (const auto& [start_ns, begin] : begins) {
      session.clear();
      for (size_t i = begin; i < order.size() && key(all, order[i]) == key(all, order[begin]); ++i)
        session.push_back(order[i]);
      recorded.add({name_of(all, session), agents_of(all, session, counts)});
    }
    sink.count("spans are not of agents, calls or tools and are left out", counts.others);
    sink.count("chat spans have no token counts and are left out", all.without_tokens);
    sink.count("chat spans are inside another chat span and are left out", counts.nested);
    sink.count("spans of other operations (embeddings, memory, retrieval) are left out",
               all.other_operations);
    sink.count("calls had cached tokens beside their input tokens: these were added", all.separate_cache);
    recorded.finish();
    sink.note(fmt::format("{} execute_tool spans: tool times are the gaps between calls", counts.tools));
  }

 private:
  struct Counts {
    uint64_t others = 0, nested = 0, tools = 0;
  };

  // The same for all spans of a session.
  static uint64_t key(const GenAiSpans& all, uint32_t span) {
    const uint32_t trace = all.spans[span].trace, conversation = all.traces[trace].conversation;
    return conversation == 0 ? uint64_t{trace} << 32 : conversation;
  }

  static std::string name_of(const GenAiSpans& all, const std::vector<uint32_t>& session) {
    const GenAiTrace& trace = all.traces[all.spans[session.front()].trace];
    if (trace.conversation != 0) return all.conversations[trace.conversation];
    return fmt::format("{:016x}{:016x}", trace.high, trace.low);
  }

  // The spans of traces with GenAI spans, those of a session together and in order of time.
  static std::vector<uint32_t> by_session(const GenAiSpans& all) {
    std::vector<uint32_t> order;
    order.reserve(all.spans.size());
    for (uint32_t i = 0; i < all.spans.size(); ++i)
      if (all.traces[all.spans[i].trace].is_gen_ai) order.push_back(i);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return std::tuple(key(all, a), all.spans[a].start_ns, a) <
             std::tuple(key(all, b), all.spans[b].start_ns, b);
    });
    return order;
  }

  // The nearest span of a kind around a span; the number of spans if there is none.
  static size_t around(const GenAiSpans& all, const std::unordered_map<uint64_t, uint32_t>& place,
                       size_t span, SpanKind kind) {
    for (size_t steps = 0; steps < 1000; ++steps) {  // ids that go in a circle end here
      const auto found = place.find(all.spans[span].parent);
      if (found == place.end()) return all.spans.size();
      span = found->second;
      if (all.spans[span].kind == kind) return span;
    }
    return all.spans.size();
  }

  static std::vector<RecordedAgent> agents_of(const GenAiSpans& all, const std::vector<uint32_t>& session,
                                              Counts& counts) {
    std::unordered_map<uint64_t, uint32_t> place;
    for (const uint32_t i : session) place.emplace(all.spans[i].span, i);
    std::vector<RecordedAgent> agents;
    std::map<uint32_t, size_t> roots;                      // by name
    std::unordered_map<size_t, size_t> agent_of;           // invoke_agent span -> agent
    std::map<std::pair<size_t, uint64_t>, bool> is_begun;  // a turn: of an agent, in a span or trace
    const size_t none = all.spans.size();
    const auto root = [&](uint32_t name) {
      const auto [found, is_new] = roots.emplace(name, agents.size());
      if (is_new) agents.push_back({all.names[name], -1, {}});
      return found->second;
    };
    for (const uint32_t i : session) {
      if (all.spans[i].kind != SpanKind::agent) continue;
      const size_t outer = around(all, place, i, SpanKind::agent);
      const auto known = agent_of.find(outer);
      if (outer == none || known == agent_of.end()) {
        agent_of[i] = root(all.spans[i].name);
      } else {
        agent_of[i] = agents.size();
        agents.push_back({all.names[all.spans[i].name], static_cast<int32_t>(known->second), {}});
      }
    }
    for (const uint32_t i : session) {
      const GenAiSpan& span = all.spans[i];
      counts.tools += span.kind == SpanKind::tool ? 1 : 0;
      counts.others += span.kind == SpanKind::other ? 1 : 0;
      if (span.kind != SpanKind::call || span.prompt_tokens == 0) continue;
      if (around(all, place, i, SpanKind::call) != none) {
        ++counts.nested;
        continue;
      }
      const size_t turn = around(all, place, i, SpanKind::agent);
      const size_t agent = turn == none ? root(0) : agent_of.at(turn);
      bool& begun = is_begun[{agent, turn == none ? span.trace : all.spans[turn].span}];
      agents[agent].calls.push_back({span.start_ns, span.end_ns, span.prompt_tokens, span.cached_tokens,
                                     span.output_tokens, !begun && agents[agent].parent < 0});
      begun = true;
    }
    return agents;
  }

  RecordedRules rules_;
};

const Importers::Entry entry =
    importer_entry<OtelTraces>("otel", "OpenTelemetry GenAI spans, OTLP JSON by line or one document");

}  // namespace
}  // namespace agentsim::workload
