#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/platform/cluster.hpp"

namespace agentsim::topology {

// A line of nccl-tests: an operation alone on an idle cluster.
struct BenchRow {
  std::string operation;  // p2p, all_reduce, all_gather
  std::string where;      // "NV gpu0>gpu1", "8 GPUs"
  double bytes = 0.0;     // of the buffer of one GPU; of an all-gather what it ends with
  double time_s = 0.0;
  double algbw_bytes_per_s = 0.0;  // bytes / time
  double busbw_bytes_per_s =
      0.0;  // x what each GPU must move of it: 2(n-1)/n all_reduce, (n-1)/n all_gather, 1 p2p
};

// One pair of GPUs of each path class from the first GPU; groups of 2, 4, 8, ... of the first GPUs of the
// first group of nodes, to two nodes; 1 KiB to 1 GiB in powers of 4. Throws ConfigError.
std::vector<BenchRow> bench(const platform::Cluster& cluster);

std::string table(const std::vector<BenchRow>& rows);
nlohmann::ordered_json to_json(const std::vector<BenchRow>& rows);

}  // namespace agentsim::topology
