#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/csv.hpp"
#include "sim/workload/input_file.hpp"
#include "sim/workload/plan_builder.hpp"
#include "sim/workload/session_source.hpp"

namespace agentsim::workload {
namespace {

struct Parameters {
  InputFile file;
  std::string arrival;
  std::string prompt;
  std::string output;
  double output_scale = 1.0;
};

struct Row {
  double arrival_s = 0.0;
  uint32_t prompt_tokens = 0;
  uint32_t output_tokens = 0;
};

// The column that was named, else the first usual name that the file has; nothing if it has none.
std::optional<size_t> find_column(const CsvFile& csv, const std::string& named,
                                  const std::vector<std::string>& usual) {
  if (!named.empty()) return csv.column(named);
  for (const std::string& name : usual)
    if (csv.has(name)) return csv.column(name);
  return {};
}

size_t need_column(const CsvFile& csv, const std::string& key, const std::string& named,
                   const std::vector<std::string>& usual) {
  const std::optional<size_t> column = find_column(csv, named, usual);
  if (column) return *column;
  Diagnostic d{Place{csv.path(), 0, 0, 1, ""}, fmt::format("say which column is the '{}'", key), "",
               csv.columns(), ""};
  throw ConfigError(std::vector<Diagnostic>{std::move(d)});
}

// A table of plain requests: one session of one call a row, nothing shared. Reads the tables of Vidur
// (arrived_at, num_prefill_tokens, num_decode_tokens) and of the Azure traces (t_s, context_tokens,
// generated_tokens) without being told their columns. Times stand in seconds.
class CallTable : public SessionSource {
 public:
  explicit CallTable(const Parameters& parameters) {
    const CsvFile csv(parameters.file.path);
    const auto arrival = find_column(csv, parameters.arrival, {"arrived_at", "t_s", "arrival_s", "start_s"});
    const size_t prompt =
        need_column(csv, "prompt", parameters.prompt, {"num_prefill_tokens", "context_tokens", "in_tok"});
    const size_t output =
        need_column(csv, "output", parameters.output, {"num_decode_tokens", "generated_tokens", "out_tok"});
    has_arrivals_ = arrival.has_value();
    names_.roles = {"caller"};
    size_t silent = 0;
    csv.each_row([&](CsvRow& row) {
      Row read;
      if (arrival) read.arrival_s = row.number(*arrival);
      if (!rows_.empty() && read.arrival_s < rows_.back().arrival_s)
        row.mistake(*arrival, "is earlier than the row before");
      read.prompt_tokens = static_cast<uint32_t>(row.whole(prompt, 1, 1 << 30));
      const auto recorded = static_cast<double>(row.whole(output, 0, 1 << 30));
      if (recorded == 0.0) ++silent;
      read.output_tokens =
          std::max(1U, static_cast<uint32_t>(std::llround(recorded * parameters.output_scale)));
      rows_.push_back(read);
    });
    if (silent > 0)
      notes_.push_back(fmt::format("{} calls with 0 output tokens are simulated with 1", silent));
  }

  std::optional<size_t> sessions() const override { return rows_.size(); }

  SessionPlan plan(size_t index) const override {
    const Row& row = rows_[index % rows_.size()];
    SessionPlan plan;
    plan.agents.emplace_back().call_count = 1;
    Call& call = add_call(plan);
    call.output_tokens = row.output_tokens;
    call.output_stream = stream_id("call table", index);
    call.output_begin = row.prompt_tokens;
    extend(plan, {call.output_stream, 0, row.prompt_tokens});
    return plan;
  }

  // Behind its end the table begins anew, one mean gap later.
  std::optional<double> recorded_arrival_s(size_t index) const override {
    if (!has_arrivals_) return {};
    const double span_s = rows_.back().arrival_s - rows_.front().arrival_s;
    const double gap_s = rows_.size() > 1 ? span_s / static_cast<double>(rows_.size() - 1) : 0.0;
    const auto pass = static_cast<double>(index / rows_.size());
    return rows_[index % rows_.size()].arrival_s + pass * (span_s + gap_s);
  }

 private:
  bool has_arrivals_ = false;
  std::vector<Row> rows_;
};

class CallTableOptions : public Described<CallTableOptions, SourceOptions> {
 public:
  template <class V>
  void parameters(V& v) {
    v.value("file", p_.file, "CSV file, .gz too", config::Need::required);
    v.field("arrival", p_.arrival, "column of the arrival time in seconds; empty: a usual name");
    v.field("prompt", p_.prompt, "column of the prompt tokens; empty: a usual name");
    v.field("output", p_.output, "column of the output tokens; empty: a usual name");
    v.field("output_scale", p_.output_scale, Dimension::number, config::kPositive,
            "factor on the output tokens");
  }
  std::unique_ptr<SessionSource> open(uint64_t) const override { return std::make_unique<CallTable>(p_); }

 private:
  Parameters p_;
};

const Sources::Entry entry("call_csv", "sessions of one call each from a table of requests",
                           [] { return std::make_unique<CallTableOptions>(); });

}  // namespace
}  // namespace agentsim::workload
