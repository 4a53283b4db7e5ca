#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/random_stream.hpp"
#include "sim/workload/plan.hpp"
#include "sim/workload/sources/role_spec.hpp"

namespace agentsim::workload {

// A role with its words turned into numbers.
struct Role {
  struct Kind {
    uint16_t name = 0;
    int16_t resource = -1;
  };

  std::string name;
  RoleSpec spec;
  std::vector<Slice> front;  // what its agents' contexts begin with
  int16_t deployment = -1;
  int16_t person = -1;            // resource
  std::vector<Kind> tools;        // of each of spec.tools
  double tool_weight = 0.0;       // of all of them
  std::vector<uint16_t> spawned;  // role of each spawn rule
  std::vector<uint16_t> senders;  // role of each message rule

  uint32_t front_tokens() const {
    uint32_t tokens = 0;
    for (const Slice& slice : front) tokens += slice.tokens();
    return tokens;
  }
};

// The roles of a file, numbered, with the root that sessions begin with.
class RoleSet {
 public:
  // `root` is a role or a mix. Throws ConfigError if it is neither.
  RoleSet(const RoleBook& book, const std::string& root);

  const Role& role(uint16_t number) const { return roles_[number]; }
  uint16_t draw_root(RandomStream& random) const;
  const PlanNames& names() const { return names_; }
  // The name of what passes before a turn of a role with a `person`.
  uint16_t thought() const { return thought_; }
  // Whether some contexts are compacted without a call that writes the summary.
  bool has_silent_summaries() const;

 private:
  uint16_t number(const std::string& role, const RoleBook& book) const;
  Role make(const std::string& name, const RoleSpec& spec, const RoleBook& book);

  std::vector<Role> roles_;
  std::vector<std::pair<uint16_t, double>> roots_;  // with their weights
  PlanNames names_;
  uint16_t thought_ = 0;
};

}  // namespace agentsim::workload
