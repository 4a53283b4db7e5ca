#include "sim/workload/sources/role_spec.hpp"

#include <fmt/format.h>

#include "sim/base/suggest.hpp"
#include "sim/config/library.hpp"

namespace agentsim::workload {
namespace {

// What roles owe each other and themselves. `map` is the value of the key `roles`.
void check(const config::Value& map, const RoleBook& book, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const auto& [name, role] : book.roles) names.push_back(name);
  if (names.empty()) diagnostics.add(map.mistake("there must be at least one role"));
  if (names.size() > 1000) diagnostics.add(map.mistake("there may be at most 1000 roles"));
  for (const auto& [key, value] : map.entries()) {
    const auto role = book.roles.find(key.scalar());
    if (role == book.roles.end()) continue;
    if (role->second.prefix + role->second.compact_to >= role->second.context_limit)
      diagnostics.add(key.mistake(fmt::format("'context_limit' must exceed 'prefix' + 'compact_to' = {}",
                                              role->second.prefix + role->second.compact_to)));
    const config::Value* rules = value.find("spawn");
    for (size_t i = 0; rules != nullptr && i < rules->items().size(); ++i) {
      const config::Value* spawned = rules->items()[i].find("role");
      if (spawned == nullptr || !spawned->is_scalar() || book.roles.count(spawned->scalar()) > 0) continue;
      config::add_unknown_word(*spawned, "role", names, diagnostics);
    }
  }
}

// Mixes name roles, and have names of their own.
void check_mixes(const config::Value& mixes, const RoleBook& book, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const auto& [name, role] : book.roles) names.push_back(name);
  for (const auto& [key, mix] : mixes.entries()) {
    if (book.roles.count(key.scalar()) > 0)
      diagnostics.add(key.mistake("'" + key.scalar() + "' is the name of a role"));
    for (const auto& [role, weight] : mix.entries())
      if (book.roles.count(role.scalar()) == 0) config::add_unknown_word(role, "role", names, diagnostics);
  }
}

}  // namespace

void parse(const config::Value& map, Mixes& out, Diagnostics& diagnostics) {
  if (!map.is_map()) {
    diagnostics.add(map.mistake(std::string("'mixes' wants a map, not ") + map.kind_name()));
    return;
  }
  for (const auto& [key, mix] : map.entries()) {
    if (!mix.is_map() || mix.entries().empty())
      diagnostics.add(key.mistake("a mix wants roles with weights, such as {short: 0.7, long: 0.3}"));
    for (const auto& [role, weight] : mix.entries())
      config::read_quantity(weight, role.scalar(), Dimension::number, config::kPositive,
                            out.mixes[key.scalar()][role.scalar()], diagnostics);
  }
}

config::Dumper::Json dump_json(const Mixes& mixes) {
  config::Dumper::Json json = config::Dumper::Json::object();
  for (const auto& [name, mix] : mixes.mixes)
    for (const auto& [role, weight] : mix) json[name][role] = weight;
  return json;
}

void parse(const config::Value& word_or_map, RoleBook& out, Diagnostics& diagnostics) {
  config::Value map;
  try {
    if (!config::Library::load(word_or_map, "role file", "scenarios/roles", map, diagnostics)) return;
  } catch (const ConfigError& error) {
    for (const Diagnostic& d : error.diagnostics()) diagnostics.add(d);
    return;
  }
  config::read_map(map, "the role file", out, diagnostics);
  if (const config::Value* roles = map.find("roles")) check(*roles, out, diagnostics);
  if (const config::Value* mixes = map.find("mixes"); mixes != nullptr && mixes->is_map())
    check_mixes(*mixes, out, diagnostics);
}

config::Dumper::Json dump_json(const RoleBook& book) {
  return config::dump(book);
}

}  // namespace agentsim::workload
