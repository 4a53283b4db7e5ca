#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "sim/base/result_folder.hpp"

namespace agentsim::batch {

// Finished points as plain files, one folder a point: `<root>/<first two digits>/<key>/` holds the files of a
// run and point.json, which has a checksum of each. A point appears whole or not at all; several processes
// and machines may write into one store at once.
class ResultStore {
 public:
  enum class State { absent, damaged, whole };
  // Which files of a run are kept.
  enum class Keep { summary, tables };  // manifest.json and summary.json; all of them

  explicit ResultStore(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  // Makes the folders and removes what dead processes of this machine left. Throws ConfigError if they cannot
  // be made, RunError if nothing can be written into them.
  void open() const;
  // Throws RunError if nothing can be written any more.
  void check_writable() const;

  // Reads every file of the point that is asked for. A point with fewer files than asked for is absent.
  State state(const std::string& key, Keep keep) const;
  std::filesystem::path folder(const std::string& key) const;
  // Seconds that the point took; 0 if unknown.
  double wall_s(const std::string& key) const;

  // Where a run of the point writes its files.
  std::unique_ptr<ResultFolder> begin(const std::string& key) const;
  // Puts what was written there in place. Throws RunError.
  void put(const std::string& key, const ResultFolder& written, Keep keep, double wall_s) const;

 private:
  std::filesystem::path root_;
};

// The words for ConfigErrors about folders: "<path>: <why>".
[[noreturn]] void refuse_folder(const std::filesystem::path& path, const std::string& why);

}  // namespace agentsim::batch
