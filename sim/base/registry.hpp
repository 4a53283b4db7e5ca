#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/contract.hpp"

namespace agentsim {

// Policies of one kind by name. A policy registers itself from its own .cpp file:
//   static const Registry<Router>::Entry entry{"round_robin", "one after the other", make};
// so adding one touches no other file. The map is a function-local static: no order of initialisation
// matters.
template <class Interface, class... Arguments>
class Registry {
 public:
  using Factory = std::function<std::unique_ptr<Interface>(Arguments...)>;

  struct Policy {
    std::string help;
    Factory make;
  };

  struct Entry {
    Entry(const std::string& name, const std::string& help, Factory make) {
      const bool added = policies().emplace(name, Policy{help, std::move(make)}).second;
      AGENTSIM_CONTRACT(added, "two policies are registered as '{}'", name);
    }
  };

  static std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& [name, policy] : policies()) all.push_back(name);
    return all;
  }

  static const std::string& help(const std::string& name) { return policies().at(name).help; }

  // `name` was checked when the scenario was read.
  static std::unique_ptr<Interface> make(const std::string& name, Arguments... arguments) {
    const auto found = policies().find(name);
    AGENTSIM_CONTRACT(found != policies().end(), "no policy is registered as '{}'", name);
    return found->second.make(arguments...);
  }

 private:
  static std::map<std::string, Policy>& policies() {
    static std::map<std::string, Policy> all;
    return all;
  }
};

}  // namespace agentsim
