#pragma once

#include <string>
#include <vector>

#include "analysis/cost/price_list.hpp"
#include "sim/scenario.hpp"

namespace agentsim::study {

// The `study:` map of a scenario, and its `prices:`.
struct StudySpec {
  double tolerance = 0.05;
  double confidence = 0.95;
  std::string baseline;                 // a label; absent: the first platform listed
  std::vector<cost::PriceList> prices;  // the verdict uses the first
};

template <class Visitor>
void describe(Visitor& v, StudySpec& spec) {
  using config::Bounds;
  v.field("tolerance", spec.tolerance, Dimension::number, Bounds{0.0, 10.0},
          "how much more a session may cost than on the baseline, as a share");
  v.field("confidence", spec.confidence, Dimension::number, Bounds{0.5, 0.9999}, "of the intervals");
  v.field("baseline", spec.baseline, "the platform the others are compared with");
}

// Reads `study` and `prices` of a scenario and checks them against its platforms: every platform has every
// price, the baseline is one of them, and labels can name folders. Throws ConfigError with all mistakes.
StudySpec load_study(const Scenario& scenario);

}  // namespace agentsim::study
