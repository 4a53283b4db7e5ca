#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/statistics/paired.hpp"
#include "sim/serving/records.hpp"

namespace agentsim::study {

enum class Outcome { suffices, suffices_at_higher_cost, does_not_suffice, inconclusive };
const char* name(Outcome outcome);  // "suffices at higher cost"

// What a verdict needs to know of a platform.
struct Contender {
  std::string label;
  std::string gpu;
  int gpus = 0;
  statistics::Estimate slo_sessions;  // share of the sessions that meet the SLO
  std::optional<double> usd_per_h;
  std::optional<double> busy_share;
  serving::TimeSplit path;                   // of a session's critical path, s, mean
  std::vector<std::string> limits_exceeded;  // "TTFT p95 3.1 s (2 s wanted)"
};

struct Terms {
  double slo_sessions = 0.9;  // share that must meet the SLO
  double tolerance = 0.05;
  double confidence = 0.95;
  std::string prices;  // name of the price list
};

struct Verdict {
  Outcome outcome = Outcome::inconclusive;
  std::string candidate;
  std::string baseline;
  statistics::Ratio cost_ratio;             // cost per SLO-meeting session, candidate / baseline
  std::string binding;                      // does_not_suffice: the part of the path that takes most
  std::optional<size_t> more_replications;  // inconclusive: about as many, if the spread stays what it is
  std::string text;                         // the outcome, its numbers and its reason in a sentence
  std::string compared;                     // what was compared, likewise
};

// Does the candidate do, measured by the baseline? All at the terms' confidence, by the two-sided intervals:
//   suffices                 it meets the SLO, and cost ratio <= 1 + tolerance
//   suffices at higher cost  it meets the SLO, and cost ratio > 1 + tolerance
//   does not suffice         it misses the SLO
//   inconclusive             an interval holds the limit, or there is none
// A baseline that misses the SLO itself changes no outcome, but is named; if none of its sessions meets the
// SLO, one has no finite cost, and a candidate that meets it suffices.
Verdict judge(const Contender& candidate, const Contender& baseline, const statistics::Ratio& cost_ratio,
              const Terms& terms);

// The largest part of a critical path that the platform answers for (neither tools nor people).
struct PathPart {
  const char* name = "";   // as in summary.json, without its unit
  const char* words = "";  // "decode (memory bandwidth)"
  double seconds = 0.0;
  double share = 0.0;  // of all such parts
};
PathPart largest_part(const serving::TimeSplit& path);

}  // namespace agentsim::study
