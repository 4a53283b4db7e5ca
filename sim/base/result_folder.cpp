#include "sim/base/result_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "sim/base/contract.hpp"
#include "sim/base/diagnostic.hpp"

namespace agentsim {
namespace fs = std::filesystem;

namespace {

ConfigError refused(const fs::path& path, const std::string& why) {
  return ConfigError(std::vector<Diagnostic>{{Place{path.string(), 0, 0, 1, ""}, why, "", {}, ""}});
}

}  // namespace

void write_file(const fs::path& path, const std::string& text) {
  const fs::path temporary = fmt::format("{}.partial-{}", path.string(), ::getpid());
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  if (file == nullptr)
    throw RunError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool flushed = std::fflush(file) == 0;
  const int error = errno;
  const bool closed = std::fclose(file) == 0;
  if (!written || !flushed || !closed) {
    std::remove(temporary.c_str());
    throw RunError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(error)));
  }
  std::error_code failed;
  fs::rename(temporary, path, failed);
  if (failed) {
    std::remove(temporary.c_str());
    throw RunError(fmt::format("{}: cannot be written: {}", path.string(), failed.message()));
  }
}

ResultFolder::ResultFolder(fs::path target) : target_(std::move(target)) {
  if (target_.filename().empty()) target_ = target_.parent_path();
  std::error_code unknown;
  if (fs::exists(target_) && fs::equivalent(target_, fs::current_path(unknown), unknown))
    throw refused(target_, "is the working folder, which cannot be replaced; choose another with --out");
  if (fs::exists(target_)) {
    if (!fs::is_directory(target_))
      throw refused(target_, "exists and is not a folder; choose another with --out");
    if (!fs::is_empty(target_) && !fs::exists(target_ / "manifest.json"))
      throw refused(target_, "exists and holds other files; choose another folder with --out");
  }
  partial_ = fmt::format("{}.partial-{}", target_.string(), ::getpid());
  std::error_code failed;
  fs::remove_all(partial_, failed);
  for (fs::path at = partial_.parent_path(); !at.empty() && !fs::exists(at); at = at.parent_path())
    made_parents_.push_back(at);
  fs::create_directories(partial_, failed);
  if (failed) throw refused(target_, fmt::format("cannot be made: {}", failed.message()));
}

ResultFolder::~ResultFolder() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(partial_, ignored);
  // From the inside out; one that is not empty stays.
  for (const fs::path& parent : made_parents_) fs::remove(parent, ignored);
}

void ResultFolder::write(const std::string& name, const std::string& text) const {
  const fs::path path = partial_ / name;
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  write_file(path, text);
}

void ResultFolder::commit() {
  std::error_code failed;
  const fs::path old = fmt::format("{}.replaced-{}", target_.string(), ::getpid());
  const bool replaces = fs::exists(target_);
  if (replaces) fs::rename(target_, old, failed);
  if (!failed) fs::rename(partial_, target_, failed);
  if (failed) {
    std::error_code ignored;
    if (replaces && !fs::exists(target_, ignored)) fs::rename(old, target_, ignored);
    throw RunError(fmt::format("{}: cannot be put in place: {}", target_.string(), failed.message()));
  }
  committed_ = true;
  if (replaces) fs::remove_all(old, failed);
}

}  // namespace agentsim
