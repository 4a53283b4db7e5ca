#include "sim/workload/sources/role_set.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/suggest.hpp"
#include "sim/workload/plan_builder.hpp"

namespace agentsim::workload {
namespace {

// The number of a name in a list, which it joins if it is new.
int16_t number_in(std::vector<std::string>& list, const std::string& name) {
  const auto found = std::find(list.begin(), list.end(), name);
  if (found != list.end()) return static_cast<int16_t>(found - list.begin());
  list.push_back(name);
  return static_cast<int16_t>(list.size() - 1);
}

// What the think time of a role with a person is called.
constexpr const char* kThought = "person";

}  // namespace

RoleSet::RoleSet(const RoleBook& book, const std::string& root) {
  for (const auto& [name, spec] : book.roles) names_.roles.push_back(name);
  for (const auto& [name, spec] : book.roles) roles_.push_back(make(name, spec, book));
  const auto mix = book.mixes.mixes.find(root);
  if (mix == book.mixes.mixes.end())
    roots_.emplace_back(number(root, book), 1.0);
  else
    for (const auto& [role, weight] : mix->second) roots_.emplace_back(number(role, book), weight);
}

Role RoleSet::make(const std::string& name, const RoleSpec& spec, const RoleBook& book) {
  Role role;
  role.name = name;
  role.spec = spec;
  const auto own = static_cast<uint32_t>(spec.prefix);
  const auto shared = static_cast<uint32_t>(book.front_tokens(spec)) - own;
  if (shared > 0) role.front.push_back({stream_id("prefix " + spec.shared_prefix, 0), 0, shared});
  if (own > 0) role.front.push_back({stream_id("role " + name, 0), 0, own});
  if (!spec.deployment.empty()) role.deployment = number_in(names_.deployments, spec.deployment);
  if (!spec.person.empty()) {
    role.person = number_in(names_.resources, spec.person);
    thought_ = static_cast<uint16_t>(number_in(names_.tools, kThought));
  }
  for (const ToolKind& tool : spec.tools) {
    const int16_t resource = tool.resource.empty() ? int16_t{-1} : number_in(names_.resources, tool.resource);
    role.tools.push_back({static_cast<uint16_t>(number_in(names_.tools, tool.name)), resource});
    role.tool_weight += tool.weight;
  }
  for (const SpawnRule& rule : spec.spawn) role.spawned.push_back(number(rule.role, book));
  for (const MessageRule& rule : spec.messages) role.senders.push_back(number(rule.from, book));
  return role;
}

uint16_t RoleSet::number(const std::string& role, const RoleBook& book) const {
  const auto found = std::find(names_.roles.begin(), names_.roles.end(), role);
  if (found == names_.roles.end()) {
    std::vector<std::string> valid = names_.roles;
    for (const auto& [name, mix] : book.mixes.mixes) valid.push_back(name);
    throw ConfigError(std::vector<Diagnostic>{
        {Place{}, fmt::format("unknown root role '{}'", role), nearest(role, valid), valid, ""}});
  }
  return static_cast<uint16_t>(found - names_.roles.begin());
}

uint16_t RoleSet::draw_root(RandomStream& random) const {
  if (roots_.size() == 1) return roots_.front().first;
  double total = 0.0;
  for (const auto& [role, weight] : roots_) total += weight;
  double left = random.uniform() * total;
  for (const auto& [role, weight] : roots_) {
    if (left < weight) return role;
    left -= weight;
  }
  return roots_.back().first;
}

bool RoleSet::has_silent_summaries() const {
  return std::any_of(roles_.begin(), roles_.end(), [](const Role& role) {
    return role.spec.summary.is_constant() && role.spec.summary.mean() == 0.0;
  });
}

}  // namespace agentsim::workload
