#include "analysis/batch/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "analysis/batch/result_store.hpp"

namespace agentsim::batch {
namespace {

struct flock whole_file() {
  struct flock range = {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  return range;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) {
  file_ = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) refuse_folder(folder, fmt::format("cannot be written: {}", std::strerror(errno)));
  struct flock range = whole_file();
  if (::fcntl(file_, F_SETLK, &range) == 0) return;
  const int error = errno;
  ::close(file_);
  if (error != EACCES && error != EAGAIN)
    refuse_folder(folder, fmt::format("cannot be locked: {}", std::strerror(error)));
  const std::optional<pid_t> other = holder(folder);
  refuse_folder(folder, other && *other > 0 ? fmt::format("is in use by process {}", *other)
                                            : "is in use by a process on another machine");
}

FolderLock::~FolderLock() {
  ::close(file_);
}

std::optional<pid_t> FolderLock::holder(const std::filesystem::path& folder) {
  const int file = ::open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  struct flock range = whole_file();
  const bool known = ::fcntl(file, F_GETLK, &range) == 0;
  ::close(file);
  if (!known || range.l_type == F_UNLCK) return {};
  return range.l_pid > 0 ? range.l_pid : -1;
}

}  // namespace agentsim::batch
