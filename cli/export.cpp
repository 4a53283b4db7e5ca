#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <queue>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "sim/base/output_file.hpp"
#include "sim/workload/json_lines.hpp"
#include "sim/workload/mooncake_rows.hpp"
#include "sim/workload/plan_graph.hpp"
#include "sim/workload/plan_reader.hpp"

namespace agentsim::cli {
namespace {

using workload::Call;
using workload::SessionPlan;

// Writes calls in order of time, though sessions come one after the other and overlap: what starts before the
// next session arrives can be written.
class InOrder {
 public:
  explicit InOrder(OutputFile& out) : out_(out) {}

  void add(double arrival_s, std::shared_ptr<const SessionPlan> plan, const std::vector<double>& starts_s) {
    write_until(arrival_s);
    for (size_t i = 0; i < starts_s.size(); ++i)
      if (std::isfinite(starts_s[i])) waiting_.push({arrival_s + starts_s[i], order_++, plan, i});
  }
  void write_until(double now_s) {
    for (; !waiting_.empty() && waiting_.top().start_s < now_s; waiting_.pop()) {
      const Waiting& next = waiting_.top();
      out_.write(rows_.line(next.start_s, *next.plan, next.plan->calls[next.call]));
      ++written_;
    }
  }
  uint64_t written() const { return written_; }

 private:
  struct Waiting {
    double start_s;
    uint64_t order;
    std::shared_ptr<const SessionPlan> plan;
    size_t call;
    bool operator<(const Waiting& other) const {
      return std::tie(other.start_s, other.order) < std::tie(start_s, order);
    }
  };
  OutputFile& out_;
  workload::MooncakeRows rows_;
  std::priority_queue<Waiting> waiting_;
  uint64_t order_ = 0;
  uint64_t written_ = 0;
};

struct ExportOptions {
  std::string tpot;
};

// Calls start when they would if every token took `tpot` and nothing ever waited.
uint64_t export_plans(const std::string& path, const ExportOptions& options, OutputFile& out) {
  const std::optional<double> tpot_s = parse_quantity(options.tpot, Dimension::time);
  if (!tpot_s || *tpot_s < 0.0)
    throw ConfigError(
        options.tpot.empty()
            ? "a plan has no clock: say with --tpot how long a generated token takes, such as 25ms"
            : fmt::format("--tpot wants a time such as 25ms, not '{}'", options.tpot));
  InOrder rows(out);
  workload::NameNumbers names;
  double last_s = 0.0;
  workload::each_json_line(path, [&](const workload::JsonObject& line) {
    std::optional<SessionPlan> plan = workload::read_plan(line, names);
    if (!plan) return;
    if (!plan->recorded_arrival_s)
      line.mistakes().fail("recorded_arrival_s is missing: only a scenario can say when the sessions arrive");
    const double arrival_s = *plan->recorded_arrival_s;
    if (arrival_s < last_s) return line.mistake("recorded_arrival_s", "is earlier than in the line before");
    last_s = arrival_s;
    const auto shared = std::make_shared<const SessionPlan>(std::move(*plan));
    rows.add(arrival_s, shared, workload::call_starts_s(*shared, [&](const SessionPlan&, const Call& call) {
               return call.output_tokens * *tpot_s;
             }));
  });
  rows.write_until(std::numeric_limits<double>::infinity());
  return rows.written();
}

// Notes when each call of a run arrived at the gateway.
class Arrivals : public serving::Observer {
 public:
  struct CallStart {
    double arrival_s;
    uint64_t session;
    uint32_t agent;
    uint32_t call;
  };
  void on_session_end(const serving::SessionRecord&, const std::vector<serving::CallRecord>& calls) override {
    for (const serving::CallRecord& call : calls)
      starts.push_back({call.arrival_s, call.session, call.agent, call.call});
  }
  void on_sample(const serving::ReplicaSample&) override {}

  std::vector<CallStart> starts;
};

// Calls start when they did in a simulated run of the scenario.
uint64_t export_scenario(const Arguments& arguments, OutputFile& out) {
  const Scenario scenario = load_scenario(arguments.files.back(), arguments.overrides);
  const auto seed = static_cast<uint64_t>(scenario.seed);
  const PlatformChoice& choice = scenario.platforms.front();
  Arrivals observer;
  catch_interrupts();
  simulate(scenario, choice, seed, observer, make_progress(arguments.quiet));
  clear_progress();
  fmt::print(stderr, "calls start as in a run on {}\n", choice.label);
  std::stable_sort(observer.starts.begin(), observer.starts.end(),
                   [](const auto& a, const auto& b) { return a.arrival_s < b.arrival_s; });
  const workload::Workload workload(scenario.workload, seed);
  workload::MooncakeRows rows;
  std::map<uint64_t, std::pair<SessionPlan, size_t>> open;  // plans at work, with their calls left
  std::map<uint64_t, size_t> left;
  for (const auto& start : observer.starts) ++left[start.session];
  for (const auto& start : observer.starts) {
    auto at = open.find(start.session);
    if (at == open.end())
      at = open.emplace(start.session, std::pair(workload.plan(start.session), left[start.session])).first;
    const SessionPlan& plan = at->second.first;
    out.write(rows.line(start.arrival_s, plan, plan.calls[plan.agents[start.agent].first_call + start.call]));
    if (--at->second.second == 0) open.erase(at);
  }
  return observer.starts.size();
}

void export_mooncake(const Arguments& arguments, const ExportOptions& options) {
  const std::string& input = arguments.files.front();
  OutputFile out(arguments.out);
  const std::string extension = std::filesystem::path(input).extension().string();
  const bool is_scenario = extension == ".yaml" || extension == ".yml";
  if (is_scenario && !options.tpot.empty())
    throw ConfigError("--tpot is for plans; a scenario's calls start as they do in a run");
  const uint64_t calls = is_scenario ? export_scenario(arguments, out) : export_plans(input, options, out);
  out.commit();
  if (!arguments.quiet) fmt::print(stderr, "{} calls in {}\n", calls, arguments.out);
}

}  // namespace

void add_export(CLI::App& app, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand("export", "Writes a workload in a format that other tools replay");
  sub->require_subcommand(1);
  CLI::App* mooncake = sub->add_subcommand(
      "mooncake", "Requests with hash ids of 512-token blocks, for replay in real engines");
  mooncake
      ->add_option("PLANS|SCENARIO", arguments.files,
                   "a file of plans (.jsonl, .gz too) or a scenario (.yaml)")
      ->required()
      ->expected(1);
  mooncake->add_option("-o,--output", arguments.out, "write the trace here (.gz compresses)")
      ->type_name("FILE")
      ->required();
  const auto options = std::make_shared<ExportOptions>();
  mooncake->add_option("--tpot", options->tpot, "of plans: how long a generated token is taken to last")
      ->type_name("TIME");
  add_override_options(*mooncake, arguments);
  mooncake->add_flag("--quiet", arguments.quiet, "print mistakes only");
  mooncake->footer(
      "The trace is open loop: a call's time does not depend on the replay. What a person or a tool waits "
      "for,\n"
      "and which call follows which, is lost.\n"
      "Example: agentsim export mooncake scenarios/chat.yaml -o chat.jsonl");
  mooncake->callback([&arguments, options] { export_mooncake(arguments, *options); });
}

}  // namespace agentsim::cli
