#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sim/base/hash.hpp"
#include "sim/scenario.hpp"

namespace agentsim::batch {

// 128 bits over a text.
class Digest {
 public:
  Digest& add(std::string_view text);
  Digest& add(uint64_t number);
  std::string text() const;  // 32 hex digits

 private:
  Fnv1a first_, second_ = Fnv1a().add("second");
};

// Names runs by all that their results depend on, so that equal names mean equal results: every resolved
// value of scenario and platform, what every file that they were read from holds, the seed, and
// results_version(). Names, titles, prices and the number of replications do not count.
class KeyMaker {
 public:
  // The two parts that many points share. Files are read once.
  std::string common(const Scenario& scenario);
  std::string platform(const PlatformChoice& choice);
  static std::string key(const std::string& common, const std::string& platform, uint64_t seed);

  std::string key(const Scenario& scenario, const PlatformChoice& choice, uint64_t seed) {
    return key(common(scenario), platform(choice), seed);
  }

  // Whether a key that was made depends on this file.
  bool knows(const std::string& file) const { return contents_.count(file) > 0; }

 private:
  void add_files(const std::set<std::string>& files, Digest& digest);
  std::map<std::string, std::string> contents_;  // by path
};

}  // namespace agentsim::batch
