#include "sim/base/text_file.hpp"

#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "sim/base/diagnostic.hpp"
#include "sim/base/suggest.hpp"

namespace agentsim {
namespace {

FileLog* innermost_log = nullptr;

ConfigError file_error(const std::string& path, const std::string& message,
                       const std::string& suggestion = "") {
  return ConfigError(std::vector<Diagnostic>{{Place{path, 0, 0, 1, ""}, message, suggestion, {}, ""}});
}

// A file of the same folder whose name is near, as a path; or "".
std::string near_file(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code ignored;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    names.push_back(entry.path().filename().string());
  const std::string name = nearest(path.filename().string(), names);
  return name.empty() ? "" : (path.parent_path() / name).string();
}

void open_stream(const std::string& path, std::ifstream& file, boost::iostreams::filtering_istream& stream) {
  if (!std::filesystem::exists(path)) throw file_error(path, "no such file", near_file(path));
  if (std::filesystem::is_directory(path)) throw file_error(path, "is a folder, not a file");
  FileLog::note(path);
  file.open(path, std::ios::binary);
  if (!file) throw file_error(path, "cannot be read");
  if (path.size() > 3 && path.compare(path.size() - 3, 3, ".gz") == 0)
    stream.push(boost::iostreams::gzip_decompressor());
  stream.push(file);
  stream.exceptions(std::ios::badbit);
}

template <class Body>
void with_stream(const std::string& path, Body body) {
  std::ifstream file;
  boost::iostreams::filtering_istream stream;
  open_stream(path, file, stream);
  try {
    body(stream);
  } catch (const boost::iostreams::gzip_error&) {
    throw file_error(path, "is not a complete gzip file (truncated or damaged)");
  } catch (const std::ios_base::failure&) {
    throw file_error(path, "is not a complete gzip file (truncated or damaged)");
  }
}

}  // namespace

FileLog::FileLog() : outer_(innermost_log) {
  innermost_log = this;
}

FileLog::~FileLog() {
  innermost_log = outer_;
}

void FileLog::note(const std::string& path) {
  for (FileLog* log = innermost_log; log != nullptr; log = log->outer_) log->files_.insert(path);
}

std::string read_text(const std::string& path) {
  std::string text;
  with_stream(path, [&](std::istream& stream) { text.assign(std::istreambuf_iterator<char>(stream), {}); });
  return text;
}

void read_stream(const std::string& path, const std::function<void(std::istream&)>& body) {
  with_stream(path, body);
}

void read_lines(const std::string& path, const std::function<void(std::string_view, int)>& line) {
  with_stream(path, [&](std::istream& stream) {
    std::string text;
    for (int number = 1; std::getline(stream, text); ++number) {
      if (!text.empty() && text.back() == '\r') text.pop_back();
      line(text, number);
    }
  });
}

}  // namespace agentsim
