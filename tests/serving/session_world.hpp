#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "sim/platform/cluster.hpp"
#include "sim/serving/session_driver.hpp"
#include "sim/workload/plan_builder.hpp"

namespace agentsim::serving {

using workload::Gap;
using workload::SessionPlan;

inline constexpr double kOneWay_s = 0.125;  // between gateway and replica

struct HandCall {
  uint32_t prompt;
  uint32_t output;
  Gap gap = Gap::none;
  double gap_s = 0.0;
  std::vector<workload::Tool> tools = {};
};
struct HandAgent {
  std::vector<HandCall> calls;
  int32_t parent = -1;
  uint32_t spawn_call = 0;
  double spawn_delay_s = 0.0;
  int32_t join_call = -1;
  int32_t join_group = -1;
  double budget_s = std::numeric_limits<double>::infinity();
};

inline SessionPlan plan_of(const std::vector<HandAgent>& agents, const std::vector<uint32_t>& needed = {}) {
  SessionPlan plan;
  for (const uint32_t group : needed) plan.join_groups.push_back({group});
  for (const HandAgent& hand : agents) {
    workload::Agent agent;
    agent.first_call = static_cast<uint32_t>(plan.calls.size());
    agent.call_count = static_cast<uint32_t>(hand.calls.size());
    agent.parent = hand.parent;
    agent.spawn_call = hand.spawn_call;
    agent.spawn_delay_s = hand.spawn_delay_s;
    agent.join_call = hand.join_call;
    agent.join_group = hand.join_group;
    agent.budget_s = hand.budget_s;
    plan.agents.push_back(agent);
    for (const HandCall& call : hand.calls) {
      workload::Call& added = workload::add_call(plan);
      added.output_tokens = call.output;
      added.gap = call.gap;
      added.gap_s = call.gap_s;
      added.first_tool = static_cast<uint32_t>(plan.tools.size());
      added.tool_count = static_cast<uint16_t>(call.tools.size());
      plan.tools.insert(plan.tools.end(), call.tools.begin(), call.tools.end());
      added.output_stream = 1000 + plan.calls.size();
      workload::extend(plan, {plan.calls.size(), 0, call.prompt});
    }
  }
  return plan;
}

class HandMade : public workload::SessionSource {
 public:
  explicit HandMade(std::vector<SessionPlan> plans) : plans_(std::move(plans)) {}
  std::optional<size_t> sessions() const override { return plans_.size(); }
  SessionPlan plan(size_t index) const override { return plans_.at(index); }

 private:
  std::vector<SessionPlan> plans_;
};

class HandMadeOptions : public workload::Described<HandMadeOptions, workload::SourceOptions> {
 public:
  explicit HandMadeOptions(std::vector<SessionPlan> plans) : plans_(std::move(plans)) {}
  template <class V>
  void parameters(V&) {}
  std::unique_ptr<workload::SessionSource> open(uint64_t) const override {
    return std::make_unique<HandMade>(plans_);
  }

 private:
  std::vector<SessionPlan> plans_;
};

inline workload::WorkloadSpec spec_of(const std::vector<SessionPlan>& plans, const std::string& arrival) {
  workload::WorkloadSpec spec;
  spec.source = "by hand";
  spec.source_options = std::make_shared<HandMadeOptions>(plans);
  Diagnostics diagnostics;
  workload::parse(config::Value::parse(arrival, "arrival"), spec.arrival, diagnostics);
  diagnostics.throw_if_any();
  return spec;
}

// The given sessions on one H100 behind a gateway.
class World : public Observer {
 public:
  explicit World(const std::vector<SessionPlan>& plans,
                 const std::string& arrival = "{kind: closed, concurrency: 1}",
                 const std::vector<ResourceSpec>& resources = {})
      : users(spec_of(plans, arrival), 1),
        cluster_(platform::load_cluster(config::Value::parse("hgx_h100_x1", "here"))),
        deployment_(deployment()),
        links_(cluster_, deployment_, 0),
        step_time_(deployment_, cluster_.node().gpu, links_),
        router_(Routers::make("session_affinity")),
        scheduler_(Schedulers::make("fcfs")),
        net_(kernel_, {{"unused", 1.0}}),
        driver_(kernel_, users, *this, resources),
        gateway_(kernel_, net_, *router_, driver_),
        replica_({kernel_, deployment_, step_time_, *scheduler_, gateway_, StepMode::fast}, 0, 10000) {
    const network::PathId path = net_.add_path({{}, kOneWay_s});
    gateway_.add_port({&replica_, path, path});
    net_.start();
    driver_.start({{&gateway_}});
    kernel_.run();
    CHECK(driver_.all_ended());
    CHECK(replica_.is_idle());
    CHECK(replica_.batcher().pool().used() == 0);
    replica_.batcher().cache().check();
    cancelled = gateway_.cancelled();
    left_out = driver_.calls_left_out();
  }

  void on_session_end(const SessionRecord& session, const std::vector<CallRecord>& records) override {
    sessions.push_back(session);
    for (const CallRecord& record : records) calls[{session.session, record.agent, record.call}] = record;
  }
  void on_sample(const ReplicaSample&) override {}
  const CallRecord& call(uint32_t agent, uint32_t number) const { return calls.at({0, agent, number}); }
  bool has(uint32_t agent, uint32_t number) const { return calls.count({0, agent, number}) > 0; }

  workload::Workload users;
  uint64_t cancelled = 0;
  uint64_t left_out = 0;
  std::vector<SessionRecord> sessions;
  std::map<std::tuple<uint64_t, uint32_t, uint32_t>, CallRecord> calls;

 private:
  static model::Deployment deployment() {
    Diagnostics diagnostics;
    model::Deployment d;
    model::load_deployment(config::Value::parse("{model: llama_3_1_8b, engine: vllm_v1}", "here"),
                           Routers::names(), Schedulers::names(), d, diagnostics);
    diagnostics.throw_if_any();
    return d;
  }

  platform::Cluster cluster_;
  model::Deployment deployment_;
  model::ReplicaLinks links_;
  model::StepTime step_time_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<Scheduler> scheduler_;
  network::Kernel kernel_;
  network::FlowNet net_;
  SessionDriver driver_;
  Gateway gateway_;
  Replica replica_;
};

inline doctest::Approx near(double value) {
  return doctest::Approx(value).epsilon(1e-12);
}

inline void check_split(const SessionRecord& session) {
  CHECK(std::abs(session.path.sum() - (session.end_s - session.arrival_s)) < 1e-9);
}

}  // namespace agentsim::serving
