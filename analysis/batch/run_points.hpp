#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "analysis/batch/failure_book.hpp"
#include "analysis/batch/process_pool.hpp"
#include "analysis/batch/result_store.hpp"

namespace agentsim::batch {

// One run whose results are kept under its key.
struct Point {
  std::string name;  // in messages
  std::string key;
  std::function<void(const ResultFolder& folder)> run;  // writes manifest.json, summary.json and tables
};

// How far a batch is.
struct Standing {
  size_t total = 0;
  size_t found = 0;    // finished before, and whole
  size_t damaged = 0;  // finished before and spoilt since: run again
  size_t done = 0;     // by this call
  size_t failed = 0;

  size_t left() const { return total - found - done - failed; }
};
using OnStanding = std::function<void(const Standing&)>;

struct RunPoints {
  size_t at_most = 0;  // at once; 0: one a processor
  ResultStore::Keep keep = ResultStore::Keep::summary;
  const FailureBook* failures = nullptr;  // none: the first failure ends all and is raised
  OnStanding on_standing;                 // after each point
};

// The points that the store lacks; counts the others.
std::vector<const Point*> missing(const std::vector<Point>& points, const ResultStore& store,
                                  ResultStore::Keep keep, Standing& standing);

// Runs these, each in a process of its own (process_pool.hpp). One that crashes, is killed or finds no memory
// is tried once more. Throws what the pool does, and RunError as soon as the store cannot be written.
void run_points(const std::vector<const Point*>& points, const ResultStore& store, const RunPoints& how,
                Standing& standing);

// The processors this process may use.
size_t processors();

}  // namespace agentsim::batch
