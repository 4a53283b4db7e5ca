#include "sim/config/library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "sim/base/suggest.hpp"
#include "sim/config/reader.hpp"

namespace agentsim::config {
namespace fs = std::filesystem;
namespace {

bool is_root(const fs::path& folder) {
  return fs::is_directory(folder / "platforms") && fs::is_directory(folder / "scenarios");
}

fs::path search_root() {
  if (const char* home = std::getenv("AGENTSIM_HOME")) {
    if (is_root(home)) return home;
    throw ConfigError(
        fmt::format("AGENTSIM_HOME is '{}', which holds no folders platforms/ and scenarios/", home));
  }
  std::error_code failed;
  for (fs::path start :
       {fs::read_symlink("/proc/self/exe", failed).parent_path(), fs::current_path(failed)}) {
    for (fs::path at = start; !at.empty(); at = at.parent_path()) {
      if (is_root(at)) return at;
      if (at == at.root_path()) break;
    }
  }
  throw ConfigError(
      "the folders platforms/ and scenarios/ were not found; set AGENTSIM_HOME to the folder that holds "
      "them");
}

bool looks_like_path(const std::string& word) {
  const fs::path path(word);
  return word.find('/') != std::string::npos || path.extension() == ".yaml" || path.extension() == ".csv" ||
         path.extension() == ".gz" || path.extension() == ".json" || path.extension() == ".jsonl";
}

// The path as a user would type it: relative where it lies below the working directory.
std::string shown(const fs::path& path) {
  std::error_code failed;
  const fs::path near = fs::proximate(path, fs::current_path(failed), failed);
  return failed || near.empty() || *near.begin() == ".." ? path.lexically_normal().string() : near.string();
}

}  // namespace

const fs::path& Library::root() {
  static const fs::path found = search_root();
  return found;
}

std::vector<std::string> Library::names(const std::string& folder) {
  std::vector<std::string> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root() / folder, ignored))
    if (entry.path().extension() == ".yaml") all.push_back(entry.path().stem().string());
  std::sort(all.begin(), all.end());
  return all;
}

std::string Library::find(const Value& word, const std::string& kind, const std::string& folder,
                          Diagnostics& diagnostics) {
  if (!word.is_scalar()) {
    diagnostics.add(word.mistake(fmt::format("a {} is a name or a file, not {}", kind, word.kind_name())));
    return "";
  }
  if (!looks_like_path(word.scalar())) {
    const fs::path file = root() / folder / (word.scalar() + ".yaml");
    if (fs::is_regular_file(file)) return shown(file);
    add_unknown_word(word, kind, names(folder), diagnostics);
    return "";
  }
  const fs::path path(word.scalar());
  for (const fs::path& file : {fs::path(word.file()).parent_path() / path, root() / path})
    if (fs::is_regular_file(file)) return shown(file);
  Diagnostic d = word.mistake(fmt::format("no such file: '{}'", word.scalar()));
  std::vector<std::string> beside;
  std::error_code ignored;
  const fs::path folder_path = (fs::path(word.file()).parent_path() / path).parent_path();
  for (const auto& entry : fs::directory_iterator(folder_path.empty() ? "." : folder_path, ignored))
    beside.push_back((path.parent_path() / entry.path().filename()).string());
  d.suggestion = nearest(word.scalar(), beside);
  diagnostics.add(std::move(d));
  return "";
}

bool Library::load(const Value& word_or_map, const std::string& kind, const std::string& folder, Value& out,
                   Diagnostics& diagnostics) {
  if (word_or_map.is_map()) {
    out = word_or_map;
    return true;
  }
  const std::string file = find(word_or_map, kind, folder, diagnostics);
  if (file.empty()) return false;
  out = Value::load(file);
  return true;
}

}  // namespace agentsim::config
