#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "sim/workload/plan.hpp"

namespace agentsim::workload {

constexpr uint32_t kMooncakeBlock = 512;  // tokens of a hash id

// Writes calls as lines of Mooncake's traces: {"timestamp": ms, "input_length", "output_length", "hash_ids"}.
// Equal ids are equal prefixes up to the end of their block, over all calls; they are numbered as they come up.
// The last id of a prompt may stand for less than a block.
class MooncakeRows {
 public:
  // With its line end.
  std::string line(double timestamp_s, const SessionPlan& plan, const Call& call);

 private:
  uint64_t number(uint64_t hash) { return numbers_.emplace(hash, numbers_.size()).first->second; }
  std::unordered_map<uint64_t, uint64_t> numbers_;
};

}  // namespace agentsim::workload
