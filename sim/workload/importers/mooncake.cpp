#include <fmt/format.h>

#include <algorithm>

#include "sim/base/csv.hpp"
#include "sim/workload/block_ranges.hpp"
#include "sim/workload/importer.hpp"
#include "sim/workload/json_lines.hpp"
#include "sim/workload/mooncake_rows.hpp"
#include "sim/workload/plan_builder.hpp"

namespace agentsim::workload {
namespace {

using HashRange = Range<int64_t>;

constexpr int64_t kMostTokens = 1 << 30;
constexpr int64_t kMostHash = int64_t{1} << 50;
constexpr int64_t kStreamBlocks = 1 << 20;  // of one stream: its positions have 32 bits

// Requests of Mooncake (kvcache-ai/Mooncake, FAST25-release) with the hash ids of their 512-token blocks:
// equal ids are equal prefixes, in all sessions. As JSON lines {timestamp, input_length, output_length,
// hash_ids}, or as CSV timestamp_ms,input_length,output_length,hash_ids_512 with the ids as ranges "0;14-27".
// A session of one call a row.
class Mooncake : public Described<Mooncake, Importer> {
 public:
  template <class V>
  void parameters(V&) {}

  void read(const std::vector<std::string>& paths, ImportSink& sink) const override {
    Reading reading(sink);
    for (const std::string& path : paths) is_csv(path) ? read_csv(path, reading) : read_json(path, reading);
    if (reading.first_ms > 0.0)
      sink.note(fmt::format("times count from the first row's, {} ms", reading.first_ms));
  }

 private:
  struct Row {
    double timestamp_ms = 0.0;
    int64_t input = 0;
    int64_t output = 0;
    std::vector<HashRange> hashes;
  };
  struct Reading {
    explicit Reading(ImportSink& s) : sink(s), role(s.names().role("caller")) {}
    ImportSink& sink;
    Row row;
    uint16_t role;
    uint64_t rows = 0;
    double first_ms = 0.0;
  };

  static bool is_csv(const std::string& path) {
    const std::string plain = path.size() > 3 && path.compare(path.size() - 3, 3, ".gz") == 0
                                  ? path.substr(0, path.size() - 3)
                                  : path;
    return plain.size() > 4 && plain.compare(plain.size() - 4, 4, ".csv") == 0;
  }

  static void read_csv(const std::string& path, Reading& reading) {
    const CsvFile csv(path);
    const size_t time = csv.column("timestamp_ms"), input = csv.column("input_length");
    const size_t output = csv.column("output_length"), hashes = csv.column("hash_ids_512");
    csv.each_row([&](CsvRow& line) {
      Row& row = reading.row;
      row.timestamp_ms = line.number(time);
      row.input = line.whole(input, 0, kMostTokens);
      row.output = line.whole(output, 0, kMostTokens);
      row.hashes.clear();
      if (!parse_ranges(line.text(hashes), kMostHash, row.hashes))
        line.mistake(hashes, "is not a list of hash ids such as '0;14-27'");
      else if (const std::string what = wrong_blocks(row); !what.empty())
        line.mistake(hashes, what);
      else
        add(reading);
    });
  }

  static void read_json(const std::string& path, Reading& reading) {
    each_json_line(path, [&](const JsonObject& line) {
      line.require({"timestamp", "input_length", "output_length", "hash_ids"}, "Mooncake's traces");
      Row& row = reading.row;
      const size_t mistakes = line.mistakes().size();
      row.timestamp_ms = line.number("timestamp");
      row.input = line.whole("input_length", 0, kMostTokens);
      row.output = line.whole("output_length", 0, kMostTokens);
      row.hashes.clear();
      for (const nlohmann::json& hash : line.list("hash_ids")) {
        const int64_t id = hash.is_number_integer() ? hash.get<int64_t>() : -1;
        if (id < 0 || id >= kMostHash)
          return line.mistake("hash_ids",
                              fmt::format("holds {}, which is no hash id", hash.dump().substr(0, 40)));
        row.hashes.push_back({id, id});
      }
      const std::string what = wrong_blocks(row);
      if (!what.empty()) line.mistake("hash_ids", what);
      if (line.mistakes().size() == mistakes) add(reading);
    });
  }

  // What is wrong with the number of hash ids; "" if nothing.
  static std::string wrong_blocks(const Row& row) {
    int64_t blocks = 0;
    for (const HashRange& range : row.hashes) blocks += range.blocks();
    const int64_t due = (row.input + kMooncakeBlock - 1) / kMooncakeBlock;
    if (blocks == due) return "";
    return fmt::format("has {} ids, but a prompt of {} tokens has {} blocks of {}", blocks, row.input, due,
                       kMooncakeBlock);
  }

  static void add(Reading& reading) {
    const Row& row = reading.row;
    if (row.input == 0) return reading.sink.count("rows have an empty prompt and are left out");
    if (row.output == 0) reading.sink.count("calls with 0 output tokens are simulated with 1");
    if (reading.rows == 0) reading.first_ms = row.timestamp_ms;
    SessionPlan plan;
    plan.name = std::to_string(reading.rows);
    plan.recorded_arrival_s = std::max(0.0, (row.timestamp_ms - reading.first_ms) / 1e3);
    plan.agents.emplace_back().call_count = 1;
    plan.agents[0].role = reading.role;
    Call& call = add_call(plan);
    call.output_tokens = static_cast<uint32_t>(std::max<int64_t>(1, row.output));
    call.output_stream = stream_id("mooncake output", reading.rows);
    int64_t left = row.input;
    for (const HashRange& range : row.hashes)
      for (int64_t id = range.first; id <= range.last; ++id) {
        const auto begin = static_cast<uint32_t>(id % kStreamBlocks * kMooncakeBlock);
        const auto tokens = static_cast<uint32_t>(std::min<int64_t>(left, kMooncakeBlock));
        extend(plan, {stream_id("mooncake blocks", static_cast<uint64_t>(id / kStreamBlocks)), begin,
                      begin + tokens});
        left -= tokens;
      }
    ++reading.rows;
    reading.sink.session(std::move(plan));
  }
};

const Importers::Entry entry = importer_entry<Mooncake>(
    "mooncake", "requests of Mooncake with hash ids of 512-token blocks, JSONL or CSV");

}  // namespace
}  // namespace agentsim::workload
