#pragma once

#include <cstdint>
#include <vector>

#include "sim/network/kernel.hpp"
#include "sim/serving/active_session.hpp"
#include "sim/serving/gateway.hpp"
#include "sim/serving/observer.hpp"
#include "sim/serving/tool_pool.hpp"
#include "sim/workload/workload.hpp"

namespace agentsim::serving {

// The deployments' gateways, and which of them an agent calls: by the number of its plan's deployment, else by
// that of its role; where that is not told, the first.
struct Entries {
  std::vector<Gateway*> gateways;
  std::vector<uint32_t> of_deployment{};
  std::vector<uint32_t> of_role{};

  uint32_t of(const workload::Agent& agent) const {
    if (agent.deployment >= 0) return of_deployment.at(static_cast<size_t>(agent.deployment));
    return agent.role < of_role.size() ? of_role[agent.role] : 0;
  }
};

// The users: starts sessions as the workload says and walks each session's tree of agents, call by call. A
// session's plan is drawn when it starts and dropped when it ends. All that an ended call sets going - its
// agent's next step, sub-agents, the losers of a join, readers of a message - happens at that moment.
class SessionDriver : public network::EventTarget, public GatewayClient, public ToolClient {
 public:
  // `resources` are those of the workload's plans, in the order of its names.
  SessionDriver(network::Kernel& kernel, const workload::Workload& workload, Observer& observer,
                std::vector<ResourceSpec> resources = {})
      : kernel_(kernel), workload_(workload), observer_(observer), tools_(kernel, std::move(resources)) {}

  // Posts the first arrivals. Once, before the run.
  void start(Entries entries);

  uint64_t started() const { return next_session_; }
  uint64_t ended() const { return ended_; }
  // Calls of the plans of ended sessions that were never sent: of cancelled agents, or beyond a budget.
  uint64_t calls_left_out() const { return calls_left_out_; }
  // When the latest session to end so far ended.
  double last_end_s() const { return last_end_s_; }
  bool all_ended() const { return ended_ == workload_.sessions(); }

  void on_event(uint32_t kind, uint64_t payload) override;
  void on_reply(uint64_t ticket, const CallRecord& record) override;
  void on_tool_end(uint64_t ticket, uint32_t tool, double queue_s) override;

 private:
  using Phase = ActiveSession::AgentState::Phase;
  enum Kind : uint32_t { kArrival, kBegin, kGapEnd };

  void arrive(uint64_t user);
  void spawn(uint64_t slot, uint32_t child, double delay_s);
  bool hold(ActiveSession& active, uint32_t agent);
  void begin_gap(uint64_t slot, uint32_t agent, bool may_call_now);
  void begin_tools(uint64_t slot, uint32_t agent);
  void submit(uint64_t slot, uint32_t agent);
  void end_agent(ActiveSession& active, uint32_t agent);
  void cancel_agent(ActiveSession& active, uint32_t agent);
  void count_in_group(ActiveSession& active, uint32_t agent);
  void look(uint64_t slot);
  void end_session(uint64_t slot);

  network::Kernel& kernel_;
  const workload::Workload& workload_;
  Observer& observer_;
  ToolPool tools_;
  Entries entries_;
  std::vector<ActiveSession> active_;  // by slot
  std::vector<uint64_t> unused_;
  uint64_t next_session_ = 0;
  uint64_t due_sessions_ = 0;  // closed workloads: have begun or will at a date that is known
  uint64_t ended_ = 0;
  uint64_t calls_left_out_ = 0;
  double last_end_s_ = 0.0;
};

}  // namespace agentsim::serving
