#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace agentsim {

// A folder of results that appears whole or not at all. Files are written into `<target>.partial-<pid>`, and
// commit() renames that to the target. An older results folder (one that holds manifest.json) is replaced;
// any other existing folder that is not empty is refused. Whatever was not committed is removed by the
// destructor.
class ResultFolder {
 public:
  // Throws ConfigError if the target is not ours to replace or cannot be made.
  explicit ResultFolder(std::filesystem::path target);
  ~ResultFolder();
  ResultFolder(const ResultFolder&) = delete;
  ResultFolder& operator=(const ResultFolder&) = delete;

  const std::filesystem::path& target() const { return target_; }
  // Where to write for now.
  const std::filesystem::path& path() const { return partial_; }
  // Throws RunError on a full disk or a missing permission.
  void write(const std::string& name, const std::string& text) const;
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path partial_;
  std::vector<std::filesystem::path> made_parents_;  // innermost first
  bool committed_ = false;
};

// One file, written to a temporary name and renamed. Throws RunError.
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace agentsim
