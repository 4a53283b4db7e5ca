#pragma once

#include <string>
#include <vector>

#include "sim/metrics/recorder.hpp"
#include "sim/metrics/slo.hpp"
#include "sim/metrics/table.hpp"

namespace agentsim::metrics {

// One row of links.csv.
struct LinkRow {
  std::string link;
  std::string traffic_class;
  double capacity_bytes_per_s = 0.0;
  double bytes = 0.0;
  double busy_share = 0.0;
};

// The CSV files of a run.
std::string sessions_csv(const Recorder& recorder, const SLO& slo);
std::string calls_csv(const Recorder& recorder, const SLO& slo);
// `kv_blocks`: of each replica.
std::string replicas_csv(const Recorder& recorder, const std::vector<int64_t>& kv_blocks);
std::string links_csv(const std::vector<LinkRow>& links);

// Every column of those files, in order.
std::vector<ColumnDoc> run_columns();

}  // namespace agentsim::metrics
