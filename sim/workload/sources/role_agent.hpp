#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/base/random_stream.hpp"
#include "sim/workload/growing_context.hpp"
#include "sim/workload/sources/role_set.hpp"

namespace agentsim::workload {

// More than any sane session has: a rule that spawns without end is the user's mistake, not a full memory.
inline constexpr size_t kMostCalls = 100'000;
inline constexpr size_t kMostAgents = 10'000;

// An agent that will be drawn.
struct PendingAgent {
  uint16_t role = 0;
  int32_t parent = -1;
  uint32_t spawn_call = 0;
  double spawn_delay_s = 0.0;
  int32_t join_call = -1;
  int32_t join_group = -1;
  int64_t depth = 0;
  bool has_snapshot = false;   // of the parent's context
  uint32_t front_tokens = 0;   // of that: what a compaction leaves alone
  uint32_t first_sibling = 0;  // those spawned by the same call are agents [first_sibling, end_sibling)
  uint32_t end_sibling = 0;
};

// A message by the numbers of the agents and their calls; the sender may turn out to have fewer.
struct DrawnMessage {
  uint32_t sender_agent = 0;
  uint32_t sender_call = 0;
  uint32_t reader = 0;  // index into the plan's calls
};

// A session while it is drawn.
struct RoleSession {
  RoleSession(const RoleSet& set, uint64_t seed, size_t number)
      : roles(set), random(seed, "session", number), index(number) {}

  const RoleSet& roles;
  RandomStream random;
  uint64_t index;
  SessionPlan plan;
  std::deque<PendingAgent> pending;
  std::vector<uint16_t> role_of;  // of agents, drawn and pending
  std::vector<DrawnMessage> messages;
};

// Draws one agent's calls, and what it spawns. An agent's context is its role's front (or its parent's
// context) and one stream of its own that grows: prompt, output, tool result, output, ... Compaction leaves a
// summary, all new, so it begins another stream.
class RoleAgent {
 public:
  RoleAgent(RoleSession& session, const PendingAgent& pending);
  void draw();

 private:
  // What one agent draws once.
  struct Traits {
    double steps_per_turn = 1.0;
    double new_tokens = 1.0;
    double output = 1.0;
    double tool = 1.0;
    double think = 1.0;
    uint32_t calls = 0;           // 0: as its turns say
    std::vector<double> above;    // of each context change
    uint32_t restart = 0;         // call from which early growth counts
    std::vector<bool> may_spawn;  // by each spawn rule
    double token_budget = 0.0;    // 0: none
  };

  Agent& agent() { return plan_.agents[number_]; }
  void begin_context();
  void draw_traits();
  double draw_above(const Distribution& distribution, uint32_t low);
  uint32_t count(const Distribution& distribution, double factor, uint32_t low = 0);
  uint32_t calls_made() const;
  double growth() const;
  uint32_t calls_left() const;
  bool draw_turn(uint32_t turn, bool is_last);
  void change_context(Gap gap);
  bool add_step(Gap gap, bool waits);
  void add_call(uint32_t output, Purpose purpose, uint32_t most_tokens = UINT32_MAX);
  void compact();
  void add_gap(Call& call, Gap gap, bool waits);
  void add_tools(Call& call);
  void read_messages();
  bool spawn(const char* when, bool has_next);
  bool spawn_by(size_t rule, bool has_next, uint32_t first_sibling);

  RoleSession& session_;
  const PendingAgent pending_;
  const Role& role_;
  const RoleSpec& spec_;
  RandomStream& random_;
  SessionPlan& plan_;
  size_t number_;
  Traits traits_;
  GrowingContext context_;
  uint32_t front_tokens_ = 0;
  double used_tokens_ = 0.0;
  uint32_t failed_calls_ = 0;
};

}  // namespace agentsim::workload
