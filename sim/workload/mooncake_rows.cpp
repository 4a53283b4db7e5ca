#include "sim/workload/mooncake_rows.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "sim/workload/block_hashes.hpp"

namespace agentsim::workload {

std::string MooncakeRows::line(double timestamp_s, const SessionPlan& plan, const Call& call) {
  std::string line =
      fmt::format(R"({{"timestamp": {}, "input_length": {}, "output_length": {}, "hash_ids": [)",
                  std::llround(timestamp_s * 1e3), call.prompt_tokens, call.output_tokens);
  const char* comma = "";
  const auto add = [&](uint64_t hash) {
    fmt::format_to(std::back_inserter(line), "{}{}", comma, number(hash));
    comma = ", ";
  };
  const BlockHashes hashes(plan, call, kMooncakeBlock);
  for (size_t i = 0; i < hashes.blocks(); ++i) add(hashes.at(i));
  // Kept apart from whole blocks, which a longer prompt may end with.
  if (call.prompt_tokens % kMooncakeBlock != 0) add(mix64(hashes.whole()));
  return line + "]}\n";
}

}  // namespace agentsim::workload
