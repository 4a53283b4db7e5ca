#include "sim/workload/import_tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/units.hpp"
#include "sim/workload/plan_graph.hpp"
#include "sim/workload/plan_json.hpp"

namespace agentsim::workload {
namespace {

constexpr size_t kMostBlocks = 3'000'000;  // known at once, over all sessions: 32 MiB

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string tokens(uint64_t sum, uint64_t calls) {
  return fmt::format("{} ({} a call)", pretty_count(static_cast<double>(sum)),
                     pretty_count(share(sum, calls)));
}

}  // namespace

ImportTally::ImportTally(std::function<void(const std::string&)> line)
    : line_(std::move(line)), session_reuse_(kReuseBlock), all_reuse_(kReuseBlock, kMostBlocks) {}

void ImportTally::session(SessionPlan&& plan) {
  plan.index = sessions_;
  validate(plan);
  ++sessions_;
  agents_ += plan.agents.size();
  calls_ += plan.calls.size();
  session_reuse_.clear();
  for (const Call& call : plan.calls) {
    prompt_tokens_ += call.prompt_tokens;
    output_tokens_ += call.output_tokens;
    const uint64_t hits = session_reuse_.add(plan, call);
    session_hits_ += hits;
    all_hits_ += all_reuse_.add(plan, call, hits);
    human_turns_ += call.gap == Gap::human ? 1 : 0;
  }
  if (plan.recorded_arrival_s) {
    const double arrival_s = *plan.recorded_arrival_s;
    is_sorted_ = is_sorted_ && (last_s_ < 0.0 || arrival_s >= last_s_);
    first_s_ = last_s_ < 0.0 ? arrival_s : std::min(first_s_, arrival_s);
    last_s_ = std::max(last_s_, arrival_s);
  }
  if (line_) line_(plan_line(plan, names_.names()) + "\n");
}

void ImportTally::count(const std::string& what, uint64_t number) {
  if (number == 0) return;
  const auto found =
      std::find_if(counts_.begin(), counts_.end(), [&](const auto& entry) { return entry.first == what; });
  if (found == counts_.end())
    counts_.emplace_back(what, number);
  else
    found->second += number;
}

std::string ImportTally::report() const {
  std::string out;
  const auto row = [&](const std::string& name, const std::string& value) {
    out += fmt::format("  {:<13}{}\n", name, value);
  };
  row("sessions", fmt::format("{} with {} agents", sessions_, agents_));
  row("calls", fmt::format("{}, {:.4g} a session; {} later turns of people", calls_, share(calls_, sessions_),
                           human_turns_));
  row("prompts", tokens(prompt_tokens_, calls_) + " tokens");
  row("output", tokens(output_tokens_, calls_) + " tokens");
  row("prefix hits",
      fmt::format("{:.2f} % of prompt tokens inside sessions, {:.2f} % over all{} (endless cache, {}-token "
                  "blocks)",
                  100.0 * share(session_hits_, prompt_tokens_), 100.0 * share(all_hits_, prompt_tokens_),
                  all_reuse_.is_sampled() ? " (sampled)" : "", kReuseBlock));
  if (last_s_ >= 0.0)
    row("arrivals", fmt::format("{} from first to last{}", pretty_time(last_s_ - first_s_),
                                is_sorted_ ? "" : ", not in order"));
  for (const auto& [what, number] : counts_) out += fmt::format("  {} {}\n", number, what);
  for (const std::string& note : notes_) out += fmt::format("  note: {}\n", note);
  return out;
}

nlohmann::ordered_json ImportTally::json() const {
  nlohmann::ordered_json json;
  json["sessions"] = sessions_;
  json["agents"] = agents_;
  json["calls"] = calls_;
  json["human_turns"] = human_turns_;
  json["prompt_tokens"] = prompt_tokens_;
  json["output_tokens"] = output_tokens_;
  json["block_tokens"] = kReuseBlock;
  json["session_hit_tokens"] = session_hits_;
  json["all_hit_tokens"] = all_hits_;
  json["all_hits_are_sampled"] = all_reuse_.is_sampled();
  json["counts"] = nlohmann::ordered_json::object();
  for (const auto& [what, number] : counts_) json["counts"][what] = number;
  json["notes"] = notes_;
  return json;
}

}  // namespace agentsim::workload
