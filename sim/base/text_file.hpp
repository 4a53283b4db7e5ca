#pragma once

#include <functional>
#include <iosfwd>
#include <set>
#include <string>
#include <string_view>

namespace agentsim {

// Notes the files that are opened here while it lives, so that a result can name all that it depends on. Logs
// may be nested; each notes everything. One thread.
class FileLog {
 public:
  FileLog();
  ~FileLog();
  FileLog(const FileLog&) = delete;
  FileLog& operator=(const FileLog&) = delete;

  const std::set<std::string>& files() const { return files_; }
  // For a file that was opened before, or will be.
  static void note(const std::string& path);

 private:
  FileLog* outer_;
  std::set<std::string> files_;
};

// The whole text of a file; `.gz` is decompressed. Throws ConfigError: missing, unreadable, truncated .gz.
std::string read_text(const std::string& path);

// Opens a file for `body` to read as a stream; `.gz` is decompressed. Throws as read_text does.
void read_stream(const std::string& path, const std::function<void(std::istream&)>& body);

// Calls `line` for each line (without its end) with its number from 1; the file is streamed, so memory does
// not grow with it. `.gz` is decompressed. Throws as read_text does.
void read_lines(const std::string& path, const std::function<void(std::string_view line, int number)>& line);

}  // namespace agentsim
