#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "sim/base/diagnostic.hpp"
#include "sim/workload/plan.hpp"

namespace agentsim::workload {

// Numbers the names in plans in the order in which they first occur, for readers that learn them on the way.
class NameNumbers {
 public:
  uint16_t role(const std::string& name) { return number(roles_, names_.roles, name, "roles"); }
  uint16_t tool(const std::string& name) { return number(tools_, names_.tools, name, "tools"); }
  int16_t resource(const std::string& name) {
    return static_cast<int16_t>(number(resources_, names_.resources, name, "resources"));
  }
  int16_t deployment(const std::string& name) {
    return static_cast<int16_t>(number(deployments_, names_.deployments, name, "deployments"));
  }
  const PlanNames& names() const { return names_; }

 private:
  using Numbers = std::unordered_map<std::string, uint16_t>;
  static uint16_t number(Numbers& numbers, std::vector<std::string>& list, const std::string& name,
                         const char* what) {
    constexpr size_t kMost = 32'000;  // the numbers have 16 bits
    const auto [found, is_new] = numbers.emplace(name, static_cast<uint16_t>(list.size()));
    if (is_new) list.push_back(name);
    if (list.size() > kMost) throw ConfigError(std::string("there are more than 32000 different ") + what);
    return found->second;
  }

  PlanNames names_;
  Numbers roles_, tools_, resources_, deployments_;
};

}  // namespace agentsim::workload
