#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "sim/workload/importer.hpp"
#include "sim/workload/prefix_reuse.hpp"

namespace agentsim::workload {

constexpr uint32_t kReuseBlock = 64;  // tokens; the granularity of the hit rates below

// Counts what is imported and hands each plan on.
class ImportTally : public ImportSink {
 public:
  // `line`: the plan as a line of the native format with its end; may be empty.
  explicit ImportTally(std::function<void(const std::string& line)> line);

  NameNumbers& names() override { return names_; }
  void session(SessionPlan&& plan) override;
  void count(const std::string& what, uint64_t number = 1) override;
  void note(const std::string& sentence) override { notes_.push_back(sentence); }

  uint64_t sessions() const { return sessions_; }
  // Sums, hit rates, what was left out and assumed; for people, and as JSON.
  std::string report() const;
  nlohmann::ordered_json json() const;

 private:
  std::function<void(const std::string&)> line_;
  NameNumbers names_;
  uint64_t sessions_ = 0, agents_ = 0, calls_ = 0, human_turns_ = 0;
  uint64_t prompt_tokens_ = 0, output_tokens_ = 0;
  uint64_t session_hits_ = 0, all_hits_ = 0;
  double first_s_ = 0.0, last_s_ = -1.0;  // arrivals
  bool is_sorted_ = true;
  PrefixReuse session_reuse_;
  PrefixReuse all_reuse_;
  std::vector<std::pair<std::string, uint64_t>> counts_;  // in the order in which they came up
  std::vector<std::string> notes_;
};

}  // namespace agentsim::workload
