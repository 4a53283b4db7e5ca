#include "sim/workload/sources/role_spec.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/suggest.hpp"
#include "sim/config/library.hpp"

namespace agentsim::workload {
namespace {

std::vector<std::string> role_names(const RoleBook& book) {
  std::vector<std::string> names;
  for (const auto& [name, role] : book.roles) names.push_back(name);
  return names;
}

// Words of a list of rules that must be roles.
void check_roles_of(const config::Value& role, const char* rules, const char* key, const RoleBook& book,
                    Diagnostics& diagnostics) {
  const config::Value* list = role.find(rules);
  for (size_t i = 0; list != nullptr && i < list->items().size(); ++i) {
    const config::Value* word = list->items()[i].find(key);
    if (word == nullptr || !word->is_scalar() || book.roles.count(word->scalar()) > 0) continue;
    config::add_unknown_word(*word, "role", role_names(book), diagnostics);
  }
}

void check_role(const config::Value& name, const config::Value& value, const RoleBook& book,
                Diagnostics& diagnostics) {
  const auto role = book.roles.find(name.scalar());
  if (role == book.roles.end()) return;
  const int64_t least = book.front_tokens(role->second) + role->second.compact_to;
  if (least >= role->second.context_limit)
    diagnostics.add(
        name.mistake(fmt::format("'context_limit' must exceed 'prefix' + 'compact_to' = {}", least)));
  const config::Value* shared = value.find("shared_prefix");
  if (shared != nullptr && shared->is_scalar() && book.prefixes.tokens.count(shared->scalar()) == 0) {
    std::vector<std::string> valid;
    for (const auto& [prefix, tokens] : book.prefixes.tokens) valid.push_back(prefix);
    config::add_unknown_word(*shared, "prefix", valid, diagnostics);
  }
  if (value.find("tool") != nullptr && value.find("tools") != nullptr)
    diagnostics.add(value.find("tool")->mistake("'tool' is for roles without 'tools'"));
  if (value.find("tool_calls") != nullptr && value.find("tools") == nullptr)
    diagnostics.add(value.find("tool_calls")->mistake("'tool_calls' is for roles with 'tools'"));
  check_roles_of(value, "spawn", "role", book, diagnostics);
  check_roles_of(value, "messages", "from", book, diagnostics);
}

// What roles owe each other and themselves. `map` is the value of the key `roles`.
void check(const config::Value& map, const RoleBook& book, Diagnostics& diagnostics) {
  if (book.roles.size() > 1000) diagnostics.add(map.mistake("there may be at most 1000 roles"));
  for (const auto& [name, value] : map.entries()) check_role(name, value, book, diagnostics);
}

// Mixes name roles, and have names of their own.
void check_mixes(const config::Value& mixes, const RoleBook& book, Diagnostics& diagnostics) {
  const std::vector<std::string> names = role_names(book);
  for (const auto& [key, mix] : mixes.entries()) {
    if (book.roles.count(key.scalar()) > 0)
      diagnostics.add(key.mistake("'" + key.scalar() + "' is the name of a role"));
    for (const auto& [role, weight] : mix.entries())
      if (book.roles.count(role.scalar()) == 0) config::add_unknown_word(role, "role", names, diagnostics);
  }
}

// Takes over the roles of other files. A name stands for one thing only.
void include(const config::Value& files, RoleBook& out, Diagnostics& diagnostics) {
  if (!files.is_list()) {
    diagnostics.add(
        files.mistake(std::string("'include' wants a list of role files, not ") + files.kind_name()));
    return;
  }
  const auto merge = [&](const config::Value& file, auto& into, const auto& from, const char* what) {
    for (const auto& [name, item] : from)
      if (!into.emplace(name, item).second)
        diagnostics.add(file.mistake(fmt::format("the {} '{}' stands in another file too", what, name)));
  };
  for (const config::Value& file : files.items()) {
    RoleBook book;
    parse(file, book, diagnostics);
    merge(file, out.roles, book.roles, "role");
    merge(file, out.mixes.mixes, book.mixes.mixes, "mix");
    merge(file, out.prefixes.tokens, book.prefixes.tokens, "prefix");
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

void parse(const config::Value& map, Prefixes& out, Diagnostics& diagnostics) {
  if (!map.is_map()) {
    diagnostics.add(map.mistake(std::string("'prefixes' wants a map, not ") + map.kind_name()));
    return;
  }
  for (const auto& [key, tokens] : map.entries()) {
    double value = 0.0;
    if (config::read_quantity(tokens, key.scalar(), Dimension::number, {0, 1e8}, value, diagnostics))
      out.tokens[key.scalar()] = static_cast<int64_t>(value);
  }
}

config::Dumper::Json dump_json(const Prefixes& prefixes) {
  config::Dumper::Json json = config::Dumper::Json::object();
  for (const auto& [name, tokens] : prefixes.tokens) json[name] = tokens;
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
  if (const config::Value* files = map.find("include")) include(*files, out, diagnostics);
  config::read_map(map, "the role file", out, diagnostics);
  if (out.roles.empty()) diagnostics.add(map.mistake("the role file lacks the key 'roles'"));
  if (const config::Value* roles = map.find("roles")) check(*roles, out, diagnostics);
  if (const config::Value* mixes = map.find("mixes"); mixes != nullptr && mixes->is_map())
    check_mixes(*mixes, out, diagnostics);
}

config::Dumper::Json dump_json(const RoleBook& book) {
  return config::dump(book);
}

}  // namespace agentsim::workload
