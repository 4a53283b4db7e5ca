#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "analysis/batch/executor.hpp"
#include "analysis/batch/folder_lock.hpp"
#include "analysis/sweep/merge.hpp"

namespace agentsim::sweep {

// What a folder of results says of its sweep: enough for another process to make the same plan.
struct SweepRecord {
  std::string command;           // what the user typed
  std::string file;              // of the sweep, seen from `folder`
  std::filesystem::path folder;  // where it was typed
  SweepOverrides overrides;
  std::filesystem::path store;
  std::string fingerprint;  // of the plan
};

// The folder of a sweep:
//   manifest.json            a SweepRecord, version and number of points
//   lock                     held by the process that works here
//   failures/                what failed (batch/failure_book.hpp)
//   sweep.csv, failures.csv  what merge() makes of it
class SweepFolder {
 public:
  // Throws ConfigError if it holds something else.
  explicit SweepFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  void write(const SweepRecord& record, const Plan& plan) const;
  // Throws ConfigError if no sweep is there.
  SweepRecord read() const;
  batch::FailureBook failures() const { return batch::FailureBook(path_ / "failures"); }
  Merged write_tables(const Plan& plan, const batch::ResultStore& store) const;

 private:
  std::filesystem::path path_;
};

// The plan that a record tells of, made anew in the folder where the sweep was started. Throws ConfigError if
// a file it is made of has changed.
Plan plan_again(const SweepRecord& record);

}  // namespace agentsim::sweep
