#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "sim/workload/json_lines.hpp"

namespace agentsim::workload {

enum class SpanKind : uint8_t { other, agent, call, tool };

// What is needed of a span of a GenAI trace.
struct GenAiSpan {
  uint64_t span = 0;    // a hash of the trace's and its own id, since these are unique in a trace only
  uint64_t parent = 0;  // 0: none
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  uint32_t prompt_tokens = 0;  // of a call; 0: not told
  uint32_t cached_tokens = 0;
  uint32_t output_tokens = 0;
  uint32_t trace = 0;  // index into GenAiSpans::traces
  uint16_t name = 0;   // of an agent: index into GenAiSpans::names
  SpanKind kind = SpanKind::other;
};

struct GenAiTrace {
  uint64_t high = 0, low = 0;  // its id
  uint32_t conversation = 0;   // index into GenAiSpans::conversations; 0: not told
  bool is_gen_ai = false;      // has a span of an agent, a call or a tool
};

struct GenAiSpans {
  std::deque<GenAiSpan> spans;
  std::vector<GenAiTrace> traces;
  std::vector<std::string> names{"caller"};  // of agents; 0: a call outside all agents
  std::vector<std::string> conversations{std::string()};
  uint64_t separate_cache = 0;  // calls whose cached tokens stood beside their input tokens
  uint64_t other_operations = 0;
  uint64_t without_tokens = 0;
};

// Reads the spans of OTLP JSON files: an export request {resourceSpans: [...]} a line, or one document. Names
// are those of the OpenTelemetry semantic conventions for generative AI (semantic-conventions 1.41, then
// semantic-conventions-genai 0.1): gen_ai.operation.name, gen_ai.usage.input_tokens (all input tokens, cached
// ones too), gen_ai.usage.cache_read.input_tokens, gen_ai.usage.output_tokens, gen_ai.agent.name,
// gen_ai.conversation.id; and what older instrumentations write (prompt_tokens, completion_tokens,
// cache_read_input_tokens, cached_tokens). Keeps 56 bytes a span. Throws ConfigError.
void read_otel_spans(const std::string& path, GenAiSpans& out);

}  // namespace agentsim::workload
