#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "analysis/batch/executor.hpp"
#include "analysis/cost/price_list.hpp"
#include "analysis/sweep/design.hpp"
#include "sim/scenario.hpp"

namespace agentsim::sweep {

// One run of a sweep. Settings, platforms and prices are shared with others.
struct PlanPoint {
  size_t row = 0;  // of the design
  const Scenario* scenario = nullptr;
  const PlatformChoice* platform = nullptr;
  const std::vector<cost::PriceList>* prices = nullptr;
  int64_t replication = 0;
  uint64_t seed = 0;
  std::string key;      // "" if it cannot be run
  std::string problem;  // why not
};

// All points of a sweep, in the order of the results. A pure function of the files it is read from.
class Plan {
 public:
  // Reads the scenario of every point; parts that points have in common are read once. Throws ConfigError
  // with the mistakes of all points, unless the sweep records those that cannot be run.
  explicit Plan(SweepSpec spec);
  ~Plan();
  Plan(Plan&&) noexcept;

  const SweepSpec& spec() const { return spec_; }
  const Design& design() const { return design_; }
  const std::vector<PlanPoint>& points() const { return points_; }
  // "rate 4/s, router random, hgx_h100_x1, replication 0"
  std::string name(const PlanPoint& point) const;
  // Of the keys: two plans with the same one run the same points.
  std::string fingerprint() const;

  // Those that can be run, as work; `numbers` are their places in points(). The plan has to outlive them.
  std::vector<batch::Point> work(const std::string& command, std::vector<size_t>& numbers) const;

 private:
  class Reader;
  SweepSpec spec_;
  Design design_;
  std::vector<PlanPoint> points_;
  std::shared_ptr<const void> parts_;  // what the points refer to
};

}  // namespace agentsim::sweep
