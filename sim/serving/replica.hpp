#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sim/network/flow_net.hpp"
#include "sim/serving/batcher.hpp"
#include "sim/serving/step_run.hpp"

namespace agentsim::serving {

// How steps become events.
enum class StepMode : uint8_t {
  fast,          // many decode steps of an unchanged batch in one event, by closed form
  step_by_step,  // each step an event, its time evaluated anew: the oracle of the fast one
};

// Told that a call has its last token.
class ReplicaClient {
 public:
  virtual ~ReplicaClient() = default;
  virtual void on_finished(std::unique_ptr<Request> request) = 0;
};

// One copy of the model, in time: steps follow each other while its Batcher has work. A step takes its
// compute time plus its collectives at the rate that the links give at that moment; a change of that rate in
// mid-step stretches or shortens what is left of it.
class Replica : public network::EventTarget, public network::GroupWatcher {
 public:
  // All of it must outlive the replica. Without a net (a replica of one GPU) collectives take no time.
  struct Parts {
    network::Kernel& kernel;
    const model::Deployment& deployment;
    const model::StepTime& step_time;
    const Scheduler& scheduler;
    ReplicaClient& client;
    StepMode mode;
  };

  Replica(const Parts& parts, uint32_t index, int64_t kv_blocks);

  // The group of links that its collectives on a lane cross, once for each lane they use. Before the run.
  void join(network::FlowNet& net, network::GroupId group, model::Lane lane = model::Lane::tensor);

  // Between hold() and release() calls are queued and no step begins: the weights are on their way. hold() before the
  // run.
  void hold() { held_ = true; }
  void release();

  void enqueue(std::unique_ptr<Request> request);
  // A call that was enqueued and is not finished: it is dropped at once or when the step in flight ends.
  void cancel(Request& request);
  // State and counters at this moment; steps count as far as they are done.
  ReplicaSample sample();
  const Batcher& batcher() const { return batcher_; }
  // I4: no work may be left when nothing happens any more.
  bool is_idle() const { return !busy_ && batcher_.running() + batcher_.waiting() == 0; }

  void on_event(uint32_t kind, uint64_t payload) override;
  void on_rate_change(network::GroupId group) override;

 private:
  Clock clock(int64_t steps) const {
    return {kernel_.now(), fabric_s_ + (busy_ ? run_.communication_s(steps) : 0.0)};
  }
  void schedule();
  void stop_at_next_step();
  void start_run(const StepPlan& plan, const StepTicks& ticks);
  void close_run(double fabric_s);
  StepTicks price(const StepPlan& plan);
  void set_mean_rates(double step_s);
  void post();
  void settle(int64_t steps);
  void account(int64_t steps);

  network::Kernel& kernel_;
  const model::StepTime& step_time_;
  ReplicaClient& client_;
  StepMode mode_;
  uint32_t index_;
  Batcher batcher_;
  network::FlowNet* net_ = nullptr;
  std::vector<std::pair<model::Lane, network::GroupId>> groups_;

  bool held_ = false;
  bool busy_ = false;
  StepPlan plan_;
  model::StepCost cost_;  // of the plan
  StepRun run_;
  int64_t done_ = 0;    // steps of the run that the batcher knows of
  int64_t target_ = 0;  // the posted event is the end of that step of the run
  Ticks summed_ = 0;    // step_by_step: ticks of the run so far, added up one by one
  network::EventId event_;
  double busy_s_ = 0.0;    // of closed runs
  double fabric_s_ = 0.0;  // likewise
};

}  // namespace agentsim::serving
