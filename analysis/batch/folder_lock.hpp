#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace agentsim::batch {

// At most one process works in a folder. The lock is a POSIX record lock on `<folder>/lock`: it ends with its
// process, however that ends, and children do not inherit it.
class FolderLock {
 public:
  // Throws ConfigError if another process has it (naming that), or if the file cannot be written.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  // The process that has it, on this machine or, as -1, elsewhere. Not for the process that has it itself:
  // the look would end its lock.
  static std::optional<pid_t> holder(const std::filesystem::path& folder);

 private:
  int file_;
};

}  // namespace agentsim::batch
