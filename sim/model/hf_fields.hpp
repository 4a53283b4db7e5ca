#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/config/reader.hpp"

namespace agentsim::model {

// The keys of a Hugging Face config. Names of a field are its aliases, the usual one first. A null counts as
// absent. Missing required fields are gathered, so that one message names them all.
class HfFields {
 public:
  HfFields(const config::Value& map, Diagnostics& diagnostics) : map_(map), diagnostics_(diagnostics) {}

  // A whole number; 1 after it was reported.
  int64_t need(const std::vector<std::string>& names);
  int64_t get(const std::string& name, int64_t otherwise);
  bool flag(const std::string& name, bool otherwise);
  std::string word(const std::string& name, const std::string& otherwise);
  // Null pointer if it is absent.
  const config::Value* find(const std::string& name) const;
  std::vector<std::string> words(const std::string& name) const;

  const std::vector<std::string>& missing() const { return missing_; }
  void mistake(const std::string& message) { diagnostics_.add(map_.mistake(message)); }
  const config::Value& map() const { return map_; }
  Diagnostics& diagnostics() { return diagnostics_; }

 private:
  int64_t whole(const config::Value& value, const std::string& name, int64_t otherwise);

  const config::Value& map_;
  Diagnostics& diagnostics_;
  std::vector<std::string> missing_;
};

}  // namespace agentsim::model
