#include <fmt/format.h>

#include "sim/base/csv.hpp"
#include "sim/base/iso_time.hpp"
#include "sim/workload/importer.hpp"
#include "sim/workload/plan_builder.hpp"

namespace agentsim::workload {
namespace {

// Requests of the Azure LLM inference traces of 2023 and 2024 (Azure/AzurePublicDataset): TIMESTAMP,
// ContextTokens,GeneratedTokens; or the same with seconds from the start:
// t_s,context_tokens,generated_tokens. A session of one call a row; nothing is shared, since the trace does
// not tell.
class AzureTable : public Described<AzureTable, Importer> {
 public:
  template <class V>
  void parameters(V&) {}

  void read(const std::vector<std::string>& paths, ImportSink& sink) const override {
    const uint16_t role = sink.names().role("caller");
    uint64_t rows = 0;
    int64_t first_ns = 0;
    for (const std::string& path : paths) {
      const CsvFile csv(path);
      const bool has_dates = !csv.has("t_s");
      const size_t time = csv.column(has_dates ? "TIMESTAMP" : "t_s");
      const size_t prompt = csv.column(has_dates ? "ContextTokens" : "context_tokens");
      const size_t output = csv.column(has_dates ? "GeneratedTokens" : "generated_tokens");
      int64_t last_ns = INT64_MIN;
      csv.each_row([&](CsvRow& row) {
        const int64_t ns =
            has_dates ? date(row, time, last_ns) : static_cast<int64_t>(row.number(time) * 1e9);
        if (ns < last_ns) row.mistake(time, "is earlier than the row before");
        last_ns = ns;
        if (rows == 0) first_ns = ns;
        const auto prompt_tokens = static_cast<uint32_t>(row.whole(prompt, 0, 1 << 30));
        const auto output_tokens = static_cast<uint32_t>(row.whole(output, 0, 1 << 30));
        if (prompt_tokens == 0) return sink.count("rows have an empty prompt and are left out");
        if (output_tokens == 0) sink.count("calls with 0 output tokens are simulated with 1");
        SessionPlan plan;
        plan.name = std::to_string(rows);
        plan.recorded_arrival_s = static_cast<double>(ns - first_ns) / 1e9;
        plan.agents.emplace_back().call_count = 1;
        plan.agents[0].role = role;
        Call& call = add_call(plan);
        call.output_tokens = std::max(1U, output_tokens);
        call.output_stream = stream_id("azure call", rows);
        call.output_begin = prompt_tokens;
        extend(plan, {call.output_stream, 0, prompt_tokens});
        ++rows;
        sink.session(std::move(plan));
      });
    }
    sink.note("the trace does not tell what prompts share: nothing is shared");
  }

 private:
  // `otherwise`: if it is no time.
  static int64_t date(CsvRow& row, size_t column, int64_t otherwise) {
    const std::optional<int64_t> ns = parse_iso_time(row.text(column));
    if (!ns)
      row.mistake(column, fmt::format("is not a time such as 2023-11-16 18:17:03.97: '{}'",
                                      row.text(column).substr(0, 40)));
    return ns.value_or(otherwise);
  }
};

const Importers::Entry entry =
    importer_entry<AzureTable>("azure_csv", "requests of the Azure LLM inference traces, 2023 and 2024");

}  // namespace
}  // namespace agentsim::workload
