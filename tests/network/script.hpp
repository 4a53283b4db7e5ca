#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "sim/network/flow_net.hpp"
#include "sim/network/kernel.hpp"

namespace agentsim::network {

// Runs functions at dates, and notes when flows ended and when group rates changed.
class Script : public EventTarget, public FlowTarget, public GroupWatcher {
 public:
  explicit Script(Kernel& kernel) : kernel_(kernel) {}

  EventId at(double time_s, std::function<void()> step) {
    steps_.push_back(std::move(step));
    return kernel_.at(time_s, *this, 0, steps_.size() - 1);
  }
  void on_event(uint32_t, uint64_t step) override { steps_[step](); }
  void on_flow_end(FlowId flow, uint64_t payload) override {
    ended.emplace_back(payload, kernel_.now());
    if (then) then(flow, payload);
  }
  void on_rate_change(GroupId group) override {
    changes.emplace_back(group, kernel_.now());
    if (watch) watch(group);
  }

  using Dated = std::pair<uint64_t, double>;
  std::vector<Dated> ended;    // payload, date
  std::vector<Dated> changes;  // group, date
  std::function<void(FlowId, uint64_t)> then;
  std::function<void(GroupId)> watch;

 private:
  Kernel& kernel_;
  std::deque<std::function<void()>> steps_;
};

constexpr double kGB = 1e9;
constexpr uint64_t kOneGB = 1000000000;

}  // namespace agentsim::network
