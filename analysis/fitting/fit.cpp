#include "analysis/fitting/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/fitting/agent_classes.hpp"
#include "analysis/fitting/role_text.hpp"
#include "sim/workload/importer.hpp"
#include "sim/workload/plan_graph.hpp"
#include "sim/workload/session_source.hpp"

namespace agentsim::fitting {
namespace {

constexpr size_t kLeastSessions = 20;  // of a load, and of a class of sessions
constexpr size_t kClasses[] = {1, 3, 6, 10};
constexpr size_t kLeastSpawners = 10;  // sessions of a class that spawn; classes with fewer share their rules
constexpr size_t kLeastOfRole = 20;    // sub-agents; rarer ones are taken with the most frequent role

// Keeps what is needed of each plan.
class FactsSink : public workload::ImportSink {
 public:
  workload::NameNumbers& names() override { return names_; }
  void session(workload::SessionPlan&& plan) override {
    plan.index = load.sessions.size();
    workload::validate(plan);
    load.sessions.push_back(reader_.read(plan));
  }
  void count(const std::string&, uint64_t) override {}
  void note(const std::string&) override {}

  Load load;

 private:
  workload::NameNumbers names_;
  FactsReader reader_;
};

// A name of YAML and of files from one of a trace: "general-purpose" -> "general_purpose".
std::string plain_name(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    out += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '_';
  }
  return out.empty() || out.rfind("session_", 0) == 0 ? "agent_" + out : out;
}

// The sub-agents of each fitted role: the most frequent first.
struct SubRole {
  std::string name;
  std::string comment;
  std::vector<const AgentFacts*> agents;
  std::vector<bool> holds;  // by the plans' role numbers
};

std::vector<SubRole> sub_roles_of(const std::vector<const SessionFacts*>& sessions,
                                  const std::vector<std::string>& names) {
  std::vector<std::vector<const AgentFacts*>> by_role(names.size());
  for (const SessionFacts* session : sessions)
    for (size_t i = 1; i < session->agents.size(); ++i)
      by_role[session->agents[i].role].push_back(&session->agents[i]);
  std::vector<size_t> order(names.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return by_role[a].size() > by_role[b].size(); });
  std::vector<SubRole> roles;
  for (const size_t i : order) {
    if (by_role[i].empty()) continue;
    const bool is_rare = !roles.empty() && by_role[i].size() < kLeastOfRole;
    if (!is_rare) roles.push_back({plain_name(names[i]), "", {}, std::vector<bool>(names.size())});
    SubRole& role = is_rare ? roles.front() : roles.back();
    role.agents.insert(role.agents.end(), by_role[i].begin(), by_role[i].end());
    role.holds[i] = true;
    role.comment += fmt::format("{}{} '{}'", role.comment.empty() ? "" : ", ", by_role[i].size(), names[i]);
  }
  return roles;
}

// How agents chosen by `is_parent` send out those of one role; no rule if they never do.
template <class IsParent>
std::vector<FittedSpawn> spawn_rules(const std::vector<const SessionFacts*>& sessions,
                                     const std::vector<SubRole>& sub_roles, IsParent is_parent) {
  std::vector<FittedSpawn> rules;
  for (const SubRole& sub : sub_roles) {
    std::vector<double> calls, counts;
    double spawners = 0.0, joined = 0.0, spawned = 0.0;
    uint32_t depth = 0;
    for (const SessionFacts* session : sessions)
      for (size_t parent = 0; parent < session->agents.size(); ++parent) {
        if (!is_parent(session->agents[parent])) continue;
        std::map<uint32_t, double> spawns;
        for (const AgentFacts& agent : session->agents)
          if (agent.parent == static_cast<int32_t>(parent) && sub.holds[agent.role]) {
            ++spawns[agent.spawn_call];
            joined += agent.is_joined ? 1.0 : 0.0;
            ++spawned;
            depth = std::max(depth, agent.depth);
          }
        double with_tool = 0.0;
        for (const CallFacts& call : session->agents[parent].calls)
          with_tool += call.gap == workload::Gap::tool ? 1.0 : 0.0;
        calls.push_back(std::max(with_tool, static_cast<double>(spawns.size())));
        spawners += spawns.empty() ? 0.0 : 1.0;
        for (const auto& [call, count] : spawns) counts.push_back(count);
      }
    if (counts.empty()) continue;
    FittedSpawn rule = solve_spawn(calls, spawners, static_cast<double>(counts.size()));
    rule.role = sub.name;
    rule.count = Curve::of(counts, 1.0);
    rule.depth = std::min(depth, 16U);
    rule.is_joined = 2.0 * joined >= spawned;
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::unique_ptr<workload::SessionSource> open_roles(const std::string& text, const std::string& root,
                                                    uint64_t seed) {
  const std::string name = "the fitted roles";
  config::Value map = config::Value::parse("root: " + root, name);
  map.set(config::Value::word("file", map), config::Value::parse(text, name));
  const std::unique_ptr<workload::SourceOptions> options = workload::Sources::make("roles");
  Diagnostics diagnostics;
  config::read_map(map, name, static_cast<workload::Options&>(*options), diagnostics);
  diagnostics.throw_if_any();
  return options->open(seed);
}

// Calls of each human turn of the root agents, sorted.
std::vector<double> drawn_turns(const std::string& text, const std::string& root, size_t sessions,
                                uint64_t seed) {
  const std::unique_ptr<workload::SessionSource> source = open_roles(text, root, seed);
  std::vector<double> turns;
  for (size_t i = 0; i < sessions; ++i) {
    const workload::SessionPlan plan = source->plan(i);
    for (uint32_t k = 0; k < plan.agents.front().call_count; ++k) {
      if (k == 0 || plan.calls[k].gap == workload::Gap::human) turns.push_back(0.0);
      ++turns.back();
    }
  }
  std::sort(turns.begin(), turns.end());
  return turns;
}

// The levels of a role's steps_per_turn are moved until regenerated turns are as the recorded ones: a turn
// that an agent's calls end is shorter than drawn.
void settle_turns(std::vector<FittedRole>& roles, size_t number, size_t roots, uint64_t seed) {
  constexpr int kRounds = 4;
  constexpr double kDamping = 0.8;
  constexpr size_t kSessions = 500;
  FittedRole& role = roles[number];
  if (role.steps_per_turn.is_constant()) return;
  const auto share_up_to = [](const std::vector<double>& sorted, double value) {
    const auto end = std::upper_bound(sorted.begin(), sorted.end(), value);
    return static_cast<double>(end - sorted.begin()) / static_cast<double>(sorted.size());
  };
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<double> turns = drawn_turns(roles_text(roles, roots), role.name, kSessions, seed);
    std::vector<std::pair<double, double>> moved;
    for (const auto& [level, value] : role.steps_per_turn.knots()) {
      const double whole = std::round(value);
      double to = level + kDamping * (share_up_to(role.turns, whole) - share_up_to(turns, whole));
      to = level <= 0.0 ? 0.0 : level >= 1.0 ? 1.0 : std::clamp(to, moved.back().first, 1.0);
      if (moved.empty() || to > moved.back().first || level >= 1.0) moved.emplace_back(to, value);
    }
    if (moved.back().first <= moved[moved.size() - 2].first) moved.erase(moved.end() - 2);
    if (moved.size() < 2) return;
    role.steps_per_turn = Curve::through(std::move(moved));
  }
}

std::vector<const AgentFacts*> roots_of(const std::vector<const SessionFacts*>& sessions) {
  std::vector<const AgentFacts*> roots;
  for (const SessionFacts* session : sessions) roots.push_back(&session->agents.front());
  return roots;
}

bool is_root(const AgentFacts& agent) {
  return agent.parent < 0;
}

// Spawn rules of the roots of each class.
std::vector<std::vector<FittedSpawn>> root_rules(const std::vector<const SessionFacts*>& sessions,
                                                 const std::vector<AgentClass>& classes,
                                                 const std::vector<SubRole>& sub_roles) {
  std::vector<std::vector<FittedSpawn>> rules(classes.size());
  std::vector<const SessionFacts*> others;
  std::vector<size_t> sharing;
  for (size_t i = 0; i < classes.size(); ++i) {
    std::vector<const SessionFacts*> members;
    for (const size_t member : classes[i].members) members.push_back(sessions[member]);
    const auto spawners = std::count_if(members.begin(), members.end(),
                                        [](const SessionFacts* s) { return s->agents.size() > 1; });
    if (static_cast<size_t>(spawners) >= kLeastSpawners) {
      rules[i] = spawn_rules(members, sub_roles, is_root);
      continue;
    }
    sharing.push_back(i);
    others.insert(others.end(), members.begin(), members.end());
  }
  const std::vector<FittedSpawn> shared = spawn_rules(others, sub_roles, is_root);
  for (const size_t i : sharing) rules[i] = shared;
  return rules;
}

Fit fit_classes(const std::vector<const SessionFacts*>& sessions, const std::vector<std::string>& names,
                size_t classes, const FitOptions& options) {
  const std::vector<const AgentFacts*> roots = roots_of(sessions);
  const Compaction compaction = compaction_of(roots);
  const std::vector<SubRole> sub_roles = sub_roles_of(sessions, names);
  const std::vector<AgentClass> parts = split_agents(roots, classes, kLeastSessions);
  const std::vector<std::vector<FittedSpawn>> spawn = root_rules(sessions, parts, sub_roles);
  Fit out;
  for (const AgentClass& part : parts) {
    std::vector<const AgentFacts*> members;
    for (const size_t i : part.members) members.push_back(roots[i]);
    FittedRole& role = out.roles.emplace_back(fit_role(members, compaction));
    role.name = fmt::format("session_{}", out.roles.size());
    role.comment = fmt::format("{} sessions, {} calls{}{}", role.agents, role.calls_seen,
                               part.bounds.empty() ? "" : ": ", part.description());
    role.returns = Curve(0.0);
    role.spawn = spawn[out.roles.size() - 1];
  }
  out.roots = out.roles.size();
  for (const SubRole& sub : sub_roles) {
    FittedRole& role = out.roles.emplace_back(fit_role(sub.agents, compaction_of(sub.agents)));
    role.name = sub.name;
    role.comment = fmt::format("sub-agents, {} calls: {}", role.calls_seen, sub.comment);
    role.spawn = spawn_rules(sessions, sub_roles, [&](const AgentFacts& agent) {
      return agent.parent >= 0 && sub.holds[agent.role];
    });
  }
  for (size_t i = 0; i < out.roots; ++i) settle_turns(out.roles, i, out.roots, options.seed);
  out.text = roles_text(out.roles, out.roots);
  const std::vector<SessionFacts> drawn = regenerate(out.text, "session", options.regenerated, options.seed);
  std::vector<const SessionFacts*> all;
  for (const SessionFacts& session : drawn) all.push_back(&session);
  out.differences = differences(measures_of(sessions), measures_of(all));
  return out;
}

}  // namespace

std::vector<const SessionFacts*> Load::all() const {
  std::vector<const SessionFacts*> out;
  for (const SessionFacts& session : sessions) out.push_back(&session);
  return out;
}

uint64_t Load::agents() const {
  uint64_t sum = 0;
  for (const SessionFacts& session : sessions) sum += session.agents.size();
  return sum;
}

uint64_t Load::calls() const {
  uint64_t sum = 0;
  for (const SessionFacts& session : sessions) sum += session.calls();
  return sum;
}

Load read_load(const std::string& path) {
  FactsSink sink;
  try {
    workload::Importers::make("plan_jsonl")->read({path}, sink);
  } catch (const ConfigError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    if (sink.load.sessions.empty() && !diagnostics.empty() && diagnostics.back().note.empty())
      diagnostics.back().note = "plans come from 'agentsim import FORMAT FILE... -o plans.jsonl'";
    throw ConfigError(std::move(diagnostics));
  }
  if (sink.load.sessions.size() < kLeastSessions)
    throw ConfigError(fmt::format("{}: holds {} session{}; a fit needs at least {} to tell percentiles", path,
                                  sink.load.sessions.size(), sink.load.sessions.size() == 1 ? "" : "s",
                                  kLeastSessions));
  sink.load.roles = sink.names().names().roles;
  return std::move(sink.load);
}

size_t Fit::outside() const {
  return static_cast<size_t>(std::count_if(differences.begin(), differences.end(),
                                           [](const Difference& d) { return !d.is_within(); }));
}

std::vector<SessionFacts> regenerate(const std::string& text, const std::string& root, size_t sessions,
                                     uint64_t seed) {
  const std::unique_ptr<workload::SessionSource> source = open_roles(text, root, seed);
  FactsReader reader;
  std::vector<SessionFacts> out;
  for (size_t i = 0; i < sessions; ++i) out.push_back(reader.read(source->plan(i)));
  return out;
}

Fit fit(const std::vector<const SessionFacts*>& sessions, const std::vector<std::string>& names,
        const FitOptions& options) {
  if (options.classes > 0) return fit_classes(sessions, names, options.classes, options);
  Fit best;
  size_t before = 0;
  for (const size_t classes : kClasses) {
    Fit here = fit_classes(sessions, names, classes, options);
    if (here.roots == before) break;  // there are too few sessions for more
    before = here.roots;
    if (best.roles.empty() || here.outside() <= best.outside()) best = std::move(here);
  }
  return best;
}

}  // namespace agentsim::fitting
