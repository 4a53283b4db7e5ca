#include <algorithm>
#include <chrono>

#include "analysis/batch/shared_array.hpp"
#include "analysis/sweep/sweep.hpp"
#include "sim/metrics/recorder.hpp"
#include "sim/simulation.hpp"

namespace agentsim::sweep {
namespace {

constexpr size_t kTried = 4;
constexpr double kPatience_s = 0.4;  // for each
constexpr size_t kLookedAt = 50;     // finished points

// Runs a point for a moment and says how long all of it would take, by the share of its sessions that ended;
// 0 if none did.
double try_point(const PlanPoint& point) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto spent_s = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  double share = 0.0;
  metrics::Recorder recorder;
  try {
    simulate(*point.scenario, *point.platform, point.seed, recorder,
             [&](double, uint64_t ended, uint64_t sessions, uint64_t) {
               share = static_cast<double>(ended) / static_cast<double>(sessions);
               return spent_s() < kPatience_s;
             });
  } catch (const Interrupted&) {
    return share > 0.0 ? spent_s() / share : 0.0;
  }
  return spent_s();
}

double mean_of_known(const std::vector<double>& seconds) {
  double sum = 0.0;
  size_t known = 0;
  for (const double s : seconds) {
    sum += s;
    known += s > 0.0 ? 1 : 0;
  }
  return known > 0 ? sum / static_cast<double>(known) : 0.0;
}

}  // namespace

Estimate estimate(const Plan& plan, const batch::ResultStore& store) {
  Estimate estimate;
  std::vector<size_t> numbers;
  const std::vector<batch::Point> points = plan.work("", numbers);
  const auto keep =
      plan.spec().keeps_tables ? batch::ResultStore::Keep::tables : batch::ResultStore::Keep::summary;
  const std::vector<const batch::Point*> left = batch::missing(points, store, keep, estimate.standing);
  if (left.empty()) return estimate;
  std::vector<double> seconds;
  for (size_t i = 0; estimate.standing.found > 0 && i < points.size() && seconds.size() < kLookedAt; ++i)
    if (const double s = store.wall_s(points[i].key); s > 0.0) seconds.push_back(s);
  if (seconds.empty()) {
    estimate.tried = std::min(kTried, left.size());
    const batch::SharedArray<double> shared(estimate.tried);
    std::vector<batch::Job> jobs;
    for (size_t i = 0; i < estimate.tried; ++i) {
      const batch::Point* point = left[(2 * i + 1) * left.size() / (2 * estimate.tried)];
      const PlanPoint& tried = plan.points()[numbers[static_cast<size_t>(point - points.data())]];
      jobs.push_back({point->name, [&tried, &shared, i] { shared[i] = try_point(tried); }});
    }
    // A point that fails says nothing of the time.
    batch::run_each(jobs, batch::processors(), [](size_t, const batch::Ending&) { return false; });
    for (size_t i = 0; i < estimate.tried; ++i) seconds.push_back(shared[i]);
  }
  estimate.seconds_a_point = mean_of_known(seconds);
  return estimate;
}

}  // namespace agentsim::sweep
