#include "analysis/batch/run_points.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

namespace agentsim::batch {
namespace {

void run_one(const Point& point, const ResultStore& store, const RunPoints& how) {
  using Clock = std::chrono::steady_clock;
  if (how.failures != nullptr) how.failures->catch_output(point.key);
  const auto start = Clock::now();
  const std::unique_ptr<ResultFolder> folder = store.begin(point.key);
  point.run(*folder);
  store.put(point.key, *folder, how.keep, std::chrono::duration<double>(Clock::now() - start).count());
  if (how.failures != nullptr) how.failures->forget(point.key);
}

bool may_pass(const Ending& ending) {
  return ending.kind == Ending::Kind::killed || ending.kind == Ending::Kind::run_error;
}

}  // namespace

size_t processors() {
  cpu_set_t mine;
  if (::sched_getaffinity(0, sizeof mine, &mine) == 0)
    return static_cast<size_t>(std::max(1, CPU_COUNT(&mine)));
  return std::max(1U, std::thread::hardware_concurrency());
}

std::vector<const Point*> missing(const std::vector<Point>& points, const ResultStore& store,
                                  ResultStore::Keep keep, Standing& standing) {
  std::vector<const Point*> left;
  std::set<std::string> seen;  // two points may be the same run
  for (const Point& point : points) {
    if (!seen.insert(point.key).second) continue;
    ++standing.total;
    const ResultStore::State state = store.state(point.key, keep);
    if (state == ResultStore::State::whole) {
      ++standing.found;
      continue;
    }
    standing.damaged += state == ResultStore::State::damaged ? 1 : 0;
    left.push_back(&point);
  }
  return left;
}

void run_points(const std::vector<const Point*>& points, const ResultStore& store, const RunPoints& how,
                Standing& standing) {
  std::vector<Job> jobs;
  for (const Point* point : points)
    jobs.push_back({point->name, [point, &store, &how] { run_one(*point, store, how); }});
  std::vector<int> attempts(points.size(), 0);
  run_each(jobs, how.at_most > 0 ? how.at_most : processors(), [&](size_t job, const Ending& ending) {
    if (ending.kind == Ending::Kind::done) {
      ++standing.done;
    } else {
      store.check_writable();  // a full disk fails all of them
      if (++attempts[job] < 2 && may_pass(ending)) return true;
      if (how.failures == nullptr) raise(jobs[job].name, ending);
      how.failures->record({points[job]->key, jobs[job].name, ending, attempts[job]});
      ++standing.failed;
    }
    if (how.on_standing) how.on_standing(standing);
    return false;
  });
}

}  // namespace agentsim::batch
