#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/network/kernel.hpp"
#include "sim/serving/gateway.hpp"
#include "sim/serving/observer.hpp"
#include "sim/workload/workload.hpp"

namespace agentsim::serving {

// The users: starts sessions as the workload says and walks each session's tree of agents, call by call. A
// session's plan is drawn when it starts and dropped when it ends.
class SessionDriver : public network::EventTarget, public GatewayClient {
 public:
  SessionDriver(network::Kernel& kernel, const workload::Workload& workload, Observer& observer)
      : kernel_(kernel), workload_(workload), observer_(observer) {}

  // Posts the first arrivals. Once, before the run.
  void start(Gateway& gateway);

  uint64_t started() const { return next_session_; }
  uint64_t ended() const { return ended_; }
  // When the latest session to end so far ended.
  double last_end_s() const { return last_end_s_; }
  bool all_ended() const { return ended_ == workload_.sessions(); }

  void on_event(uint32_t kind, uint64_t payload) override;
  void on_reply(uint64_t ticket, const CallRecord& record) override;

 private:
  static constexpr uint32_t kNone = 0xffffffffU;

  struct AgentState {
    uint32_t next_call = 0;
    bool ended = false;
    bool waits_for_join = false;
  };
  // Why a call started when it did: the end of another call, and a gap after it.
  struct Cause {
    uint32_t call = kNone;  // index into the plan's calls; none: the session's arrival
    double gap_s = 0.0;
    workload::Gap gap = workload::Gap::none;
  };
  struct Active {
    workload::SessionPlan plan;
    std::vector<AgentState> agents;
    std::vector<CallRecord> records;
    std::vector<Cause> causes;
    SessionRecord session;
    uint32_t live_agents = 0;
    std::optional<uint32_t> last_replica;
  };
  enum Kind : uint32_t { kArrival, kCall };

  void arrive();
  void post_call(uint64_t slot, uint32_t agent, uint32_t after_call, double from_s, double delay_s,
                 workload::Gap gap);
  void submit(Active& active, uint64_t slot, uint32_t agent);
  void go_on(Active& active, uint64_t slot, uint32_t agent);
  bool joins_pending(const Active& active, uint32_t agent, uint32_t call) const;
  void end_agent(Active& active, uint64_t slot, uint32_t agent);
  void end_session(Active& active, uint64_t slot);

  network::Kernel& kernel_;
  const workload::Workload& workload_;
  Observer& observer_;
  Gateway* gateway_ = nullptr;
  std::vector<Active> active_;  // by slot
  std::vector<uint64_t> unused_;
  uint64_t next_session_ = 0;
  uint64_t due_sessions_ = 0;  // closed workloads: have begun or will at a date that is known
  uint64_t ended_ = 0;
  double last_end_s_ = 0.0;
};

}  // namespace agentsim::serving
