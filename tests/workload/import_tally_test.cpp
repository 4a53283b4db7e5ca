#include "sim/workload/import_tally.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

namespace agentsim::workload {
namespace {

nlohmann::ordered_json tally_of(const std::string& format, const std::string& path) {
  ImportTally tally(nullptr);
  Importers::make(format)->read({path}, tally);
  return tally.json();
}

TEST_CASE("the hits of the recorded sessions are those that the trace tells itself") {
  // scenarios/traces/README.md: the sum of its column hit_tok_session.
  const nlohmann::ordered_json json =
      tally_of("claude_code_csv", "scenarios/traces/claude_code_533_sessions.csv.gz");
  CHECK(json["session_hit_tokens"] == 4'391'971'072);
  CHECK(json["prompt_tokens"] == 4'558'980'749);
  CHECK(json["agents"] == 585);
}

TEST_CASE("the hits of Mooncake's requests are those of their hash ids") {
  // Leading ids seen before, of 512 tokens each but the last, which ends with the prompt; in blocks of 64.
  const std::string path = "tests/workload/data/mooncake_arxiv_93.jsonl";
  std::ifstream file(path);
  std::set<int64_t> seen;
  uint64_t hits = 0;
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json row = nlohmann::json::parse(line);
    uint64_t leading = 0;
    while (leading < row["hash_ids"].size() && seen.count(row["hash_ids"][leading]) > 0) ++leading;
    hits += std::min<uint64_t>(512 * leading, row["input_length"]) / 64 * 64;
    for (const auto& id : row["hash_ids"]) seen.insert(id.get<int64_t>());
  }
  CHECK(seen.size() > 100);
  const nlohmann::ordered_json json = tally_of("mooncake", path);
  CHECK(json["all_hit_tokens"] == hits);
  CHECK(json["session_hit_tokens"] == 0);
}

}  // namespace
}  // namespace agentsim::workload
