#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "sim/base/random_stream.hpp"
#include "sim/base/text_file.hpp"
#include "tests/property/holds.hpp"
#include "tests/workload/collecting_sink.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

const std::string kData = "tests/workload/data/";

// A sample of each format, a single file.
const std::vector<std::pair<std::string, std::string>> kSamples{
    {"azure_csv", kData + "azure2023_conv_dated_40.csv"},
    {"azure_csv", kData + "azure2023_code_50.csv"},
    {"claude_code_csv", kData + "claude_code_3_sessions.csv"},
    {"claude_code_jsonl",
     kData + "claude_projects/-home-ada-shop/5d1c0a52-7d0e-4a68-9a57-0c6c4ad0b001.jsonl"},
    {"mooncake", kData + "mooncake_conversation_150.csv"},
    {"mooncake", kData + "mooncake_arxiv_93.jsonl"},
    {"otel", kData + "otel_spans.jsonl"},
    {"otel", kData + "otel_spans_document.json"},
    {"plan_jsonl", kData + "plans.jsonl"},
    {"tracelab", kData + "tracelab_round_trace.jsonl"}};

uint64_t prompt_tokens(const CollectingSink& sink) {
  uint64_t sum = 0;
  for (const SessionPlan& plan : sink.plans)
    for (const Call& call : plan.calls) sum += call.prompt_tokens;
  return sum;
}

TEST_CASE("every importer has a sample here") {
  for (const std::string& name : Importers::names()) {
    const bool has =
        std::any_of(kSamples.begin(), kSamples.end(), [&](const auto& s) { return s.first == name; });
    CHECK_MESSAGE(has, name);
  }
}

TEST_CASE("the rounds of TraceLab become calls with the recorded counters and times") {
  // The first session: rounds 0 and 1 are 32272 + 931 and 35740 + 1016 tokens; round 0 ends with its last
  // tool call at 05:40:31.647, round 1 starts with the last tool's result at 05:40:50.938.
  const CollectingSink sink = import_sample("tracelab", {kData + "tracelab_round_trace.jsonl"});
  REQUIRE(sink.plans.size() == 2);
  const SessionPlan& plan = sink.plans[1];
  CHECK(plan.name == "claude:92ee5b8a-429c-e80b-5db6-5381512f4697");
  CHECK(plan.calls.size() == 10);
  CHECK(plan.calls[0].prompt_tokens == 32'272);
  CHECK(plan.calls[0].output_tokens == 931);
  CHECK(plan.calls[1].prompt_tokens == 35'740);
  CHECK(plan.calls[1].gap == Gap::tool);
  CHECK(plan.calls[1].gap_s == doctest::Approx(50.938 - 31.647));
  CHECK(plan.calls[5].gap == Gap::human);
}

TEST_CASE("the hash ids of Mooncake keep what prompts share across sessions") {
  // Rows 1 and 2 of the conversation trace, of 6758 and 7322 tokens, share hash id 0 and no other.
  const CollectingSink csv = import_sample("mooncake", {kData + "mooncake_conversation_150.csv"});
  const SessionPlan &a = csv.plans[0], &b = csv.plans[1];
  CHECK(a.calls[0].prompt_tokens == 6758);
  CHECK(b.calls[0].prompt_tokens == 7322);
  REQUIRE(b.calls[0].slice_count == 2);
  CHECK(a.slices[0].stream == b.slices[0].stream);
  CHECK(a.slices[0].begin == b.slices[0].begin);
  CHECK(b.slices[0].tokens() == 512);
  CHECK(b.slices[1].begin == 14 * 512);
  // JSON lines are read alike: the first row of the slice has hash ids 0, 70875, 70876, 77598, 77599.
  const CollectingSink json = import_sample("mooncake", {kData + "mooncake_arxiv_93.jsonl"});
  CHECK(json.plans.size() == 93);
  CHECK(json.plans[0].calls[0].prompt_tokens == 2105);
  CHECK(json.plans[0].slices[0].stream == a.slices[0].stream);
  CHECK(json.plans[0].slices[1].begin == 70875 * 512);
  CHECK(json.plans[0].slices[2].tokens() == 2105 - 3 * 512);
}

TEST_CASE("requests of Azure arrive as recorded, whichever way their time is told") {
  const CollectingSink dated = import_sample("azure_csv", {kData + "azure2023_conv_dated_40.csv"});
  REQUIRE(dated.plans.size() == 40);
  CHECK(dated.plans[0].calls[0].prompt_tokens == 374);
  CHECK(dated.plans[1].recorded_arrival_s == doctest::Approx(4.3146));
  const CollectingSink seconds = import_sample("azure_csv", {kData + "azure2023_code_50.csv"});
  CHECK(seconds.plans[1].recorded_arrival_s == doctest::Approx(0.052));
  CHECK(seconds.plans[0].slices[0].stream != seconds.plans[1].slices[0].stream);
}

TEST_CASE("the table of Claude Code trees is the source's, session by session") {
  const std::string file = kData + "claude_code_3_sessions.csv";
  const CollectingSink sink = import_sample("claude_code_csv", {file});
  const Workload workload = make_workload("source: claude_code_csv\nclaude_code_csv: {file: " + file +
                                          "}\narrival: {kind: closed, concurrency: 1}\n");
  REQUIRE(sink.plans.size() == workload.sessions());
  for (size_t i = 0; i < sink.plans.size(); ++i) {
    CHECK(fingerprint_of(sink.plans[i]) == fingerprint_of(workload.plan(i)));
    CHECK(sink.plans[i].name == workload.plan(i).name);
  }
}

TEST_CASE("logs of Claude Code: a reply counts once, with its sub-agents, from files of three versions") {
  const CollectingSink sink = import_sample("claude_code_jsonl", {kData + "claude_projects"});
  REQUIRE(sink.plans.size() == 3);
  // The newest session has 5 replies in 9 lines and a sub-agent in a file of its own. Its first call starts
  // with the person at 0 s and ends at 7.5 s; the tool's result comes 0.4 s later.
  const SessionPlan& plan = sink.plans[2];
  REQUIRE(plan.agents.size() == 2);
  CHECK(plan.agents[0].call_count == 5);
  CHECK(plan.calls[0].prompt_tokens == 3 + 18'210);
  CHECK(plan.calls[0].output_tokens == 212);
  CHECK(plan.calls[1].gap_s == doctest::Approx(0.4));
  CHECK(sink.role(plan.agents[1]) == "Explore");
  CHECK(plan.agents[1].spawn_call == 1);
  CHECK(plan.agents[1].join_call == 2);
  // It ended at 40.7 s and its result was there at 41 s; the person spoke at 250 s, 203 s after the reply.
  CHECK(plan.calls[2].gap_s == doctest::Approx(0.3));
  CHECK(plan.calls[3].gap == Gap::human);
  CHECK(plan.calls[3].gap_s == doctest::Approx(203.0));
  // The oldest has its sub-agent in the same file and was compacted; the resumed one repeats it, which counts
  // once.
  CHECK(sink.plans[0].agents.size() == 2);
  CHECK(sink.plans[0].calls[2].gap == Gap::tool);
  CHECK(sink.plans[1].calls.size() == 1);
  CHECK(sink.counts.at("lines repeat replies of an earlier session or agent and are left out") == 5);
  CHECK(sink.counts.at("lines are errors that the program wrote itself, no calls") == 1);
}

TEST_CASE("spans of OpenTelemetry become a tree: turns of the root, sub-agents, calls once") {
  const CollectingSink sink = import_sample("otel", {kData + "otel_spans.jsonl"});
  REQUIRE(sink.plans.size() == 2);
  // A conversation of two traces: the planner's 3 calls, 242.5 s of a person, a 4th call; two searchers.
  const SessionPlan& plan = sink.plans[0];
  CHECK(plan.name == "conv_7f3a");
  REQUIRE(plan.agents.size() == 3);
  CHECK(sink.role(plan.agents[0]) == "Planner");
  CHECK(plan.agents[0].call_count == 4);
  CHECK(plan.calls[3].gap == Gap::human);
  CHECK(plan.calls[3].gap_s == doctest::Approx(300.5 - 58.0));
  CHECK(plan.agents[1].spawn_call == 1);
  CHECK(plan.agents[1].call_count == 2);  // the chat inside its second chat is the same call
  CHECK(plan.agents[2].join_call == 2);
  CHECK(plan.calls[2].gap_s == doctest::Approx(41.0 - 39.7));
  // A trace without agents or a conversation; its cached tokens stood beside the input: 12 + 5200 + 300.
  CHECK(sink.plans[1].calls[0].prompt_tokens == 5512);
  CHECK(sink.counts.at("chat spans are inside another chat span and are left out") == 1);
  CHECK(sink.counts.at("chat spans have no token counts and are left out") == 1);
}

TEST_CASE("compressed files are read as they are") {
  const TestFolder folder;
  for (const auto& [format, path] : kSamples) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const std::string gz = folder.write(name + ".gz", gzipped(read_text(path)));
    const CollectingSink plain = import_sample(format, {path}), compressed = import_sample(format, {gz});
    CHECK(plain.plans.size() == compressed.plans.size());
    CHECK(prompt_tokens(plain) == prompt_tokens(compressed));
  }
}

// Some bytes changed, cut out or doubled.
std::string damaged(std::string text) {
  const auto draw = [](size_t below) { return *rc::gen::inRange<size_t>(0, std::max<size_t>(1, below)); };
  static const std::vector<std::string> words{
      "-1", "null", "\"\"", "{}",   "[]", "1e99", "99999999999999999999", "\n", ",",
      "\"", "}",    "]",    "\xff", "0",  "true"};
  for (size_t i = 1 + draw(4); i > 0 && !text.empty(); --i) {
    const size_t at = draw(text.size());
    switch (draw(4)) {
      case 0:
        text[at] = static_cast<char>(draw(256));
        break;
      case 1:
        text.erase(at, 1 + draw(200));
        break;
      case 2:
        text.insert(at, text.substr(draw(text.size()), draw(300)));
        break;
      default:
        text.replace(at, 1 + draw(4), words[draw(words.size())]);
    }
  }
  return text;
}

TEST_CASE("a damaged file is read or refused with its mistakes, and nothing else happens") {
  const TestFolder folder;
  for (const auto& [format, path] : kSamples) {
    const std::string original = read_text(path);
    const std::string extension = path.substr(path.rfind('.'));
    CHECK(holds("damaged " + format, 60, 20'000, [&, form = format] {
      const std::string file = folder.write("damaged" + extension, damaged(original));
      try {
        import_sample(form, {file});
      } catch (const ConfigError& error) {
        RC_ASSERT(std::string(error.what()).find("damaged") != std::string::npos);
      }
    }));
  }
}

}  // namespace
}  // namespace agentsim::workload
