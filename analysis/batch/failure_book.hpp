#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/batch/process_pool.hpp"

namespace agentsim::batch {

// A point that could not be finished.
struct Failure {
  std::string key;
  std::string name;
  Ending ending;
  int attempts = 0;
};

// The failures of a batch as files: `<folder>/<key>.json`, and `<key>.log` with what the run printed.
class FailureBook {
 public:
  // Makes the folder. Throws ConfigError.
  explicit FailureBook(std::filesystem::path folder);

  // In a child: all that it prints goes to the log from now on.
  void catch_output(const std::string& key) const;
  // Throws RunError.
  void record(const Failure& failure) const;
  void forget(const std::string& key) const;
  std::optional<Failure> find(const std::string& key) const;
  std::filesystem::path log(const std::string& key) const { return folder_ / (key + ".log"); }

 private:
  std::filesystem::path folder_;
};

}  // namespace agentsim::batch
