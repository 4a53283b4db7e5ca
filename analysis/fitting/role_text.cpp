#include "analysis/fitting/role_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace agentsim::fitting {
namespace {

// Breaks a line of YAML behind commas, so that it is at most 120 characters long.
std::string wrapped(std::string line) {
  constexpr size_t kWidth = 120;
  const size_t indent = line.find_first_not_of(" -") + 4;
  for (size_t begin = 0; line.size() - begin > kWidth;) {
    const size_t comma = line.rfind(", ", begin + kWidth - 1);
    if (comma == std::string::npos || comma <= begin + indent) break;
    line.replace(comma + 1, 1, "\n" + std::string(indent, ' '));
    begin = comma + 2;
  }
  return line;
}

void add(std::string& out, const std::string& key, const std::string& value) {
  out += wrapped(fmt::format("    {}: {}", key, value)) + "\n";
}

void add_changes(const FittedRole& role, std::string& out) {
  if (role.changes.empty()) return;
  out += "    context_changes:\n";
  for (const FittedChange& change : role.changes) {
    std::string line;
    if (change.probability < 1.0) line += "probability: " + short_number(change.probability) + ", ";
    if (!change.above.is_constant() || change.above.at(0.0) > 0.0)
      line += "above: " + change.above.text("") + ", ";
    line += "size: " + change.size.text("") + ", kept: " + change.kept.text("");
    if (change.restarts) line += ", restarts: on";
    out += fmt::format("      # {}\n{}\n", change.comment, wrapped("      - {" + line + "}"));
  }
}

void add_spawn(const FittedRole& role, std::string& out) {
  if (role.spawn.empty()) return;
  out += "    spawn:\n";
  for (const FittedSpawn& rule : role.spawn)
    out += wrapped(fmt::format(
               "      - {{role: {}, probability: {}, agents: {}, count: {}, depth: {}, join: {}}}", rule.role,
               short_number(rule.probability), short_number(rule.agents), rule.count.text(""), rule.depth,
               rule.is_joined ? "all" : "none")) +
           "\n";
}

std::string role_text(const FittedRole& role) {
  std::string out = fmt::format("  {}:\n    # {}\n", role.name, role.comment);
  if (role.prefix > 0) add(out, "prefix", fmt::format("{}", role.prefix));
  add(out, "first_prompt", role.first_prompt.text(""));
  add(out, "calls", role.calls.text(""));
  add(out, "steps_per_turn", role.steps_per_turn.text(""));
  add(out, "new_tokens", role.new_tokens.text(""));
  add(out, "human_tokens", role.human_tokens.text(""));
  if (role.early_first != 1.0)
    add(out, "early_growth",
        fmt::format("{{first: {}, decay: {}}}", short_number(role.early_first),
                    short_number(role.early_decay)));
  add(out, "output", role.output.text(""));
  add(out, "tool", role.tool.text("s"));
  add(out, "think", role.think.text("s"));
  if (!role.returns.is_constant() || role.returns.at(0.0) > 0.0) add(out, "returns", role.returns.text(""));
  add(out, "context_limit", fmt::format("{}", role.context_limit));
  add(out, "compact_to", fmt::format("{}", role.compact_to));
  add_changes(role, out);
  add_spawn(role, out);
  return out;
}

}  // namespace

std::string roles_text(const std::vector<FittedRole>& roles, size_t roots) {
  std::string out = "mixes:\n  session:\n";
  for (size_t i = 0; i < roots; ++i) out += fmt::format("    {}: {}\n", roles[i].name, roles[i].agents);
  out += "roles:\n";
  for (const FittedRole& role : roles) out += role_text(role);
  return out;
}

}  // namespace agentsim::fitting
