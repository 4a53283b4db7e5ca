#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/config/value.hpp"

namespace agentsim::config {

// Finds the project's own data files. Their root is $AGENTSIM_HOME, else the nearest folder at or above the
// executable or the working directory that holds platforms/ and scenarios/.
class Library {
 public:
  static const std::filesystem::path& root();

  // Names (file stems) of the YAML files in a folder of the root, such as "platforms/gpus"; sorted.
  static std::vector<std::string> names(const std::string& folder);

  // The file a word of a YAML file names: a path (it holds '/' or ends in .yaml, .csv, .gz) relative to the
  // file that says it, then to the root; else `<root>/<folder>/<word>.yaml`. Reports an unknown name or a
  // missing file and returns "".
  static std::string find(const Value& word, const std::string& kind, const std::string& folder,
                          Diagnostics& diagnostics);

  // As find, then loads it. An inline map is returned as it stands. False if it was reported.
  static bool load(const Value& word_or_map, const std::string& kind, const std::string& folder, Value& out,
                   Diagnostics& diagnostics);
};

}  // namespace agentsim::config
