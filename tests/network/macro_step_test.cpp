#include <doctest/doctest.h>

#include "sim/network/flow_net.hpp"
#include "tests/network/pcie_tree.hpp"

// A tensor-parallel ring under random flows: macro-steps of k iterations, with the group's formula and
// shadow, against one flow per iteration over all links of the ring.
namespace agentsim::network {
namespace {

constexpr double kCompute_s = 6e-3;
constexpr double kVolume = 90e6;  // bytes per crossing and iteration: 1.8 ms alone, an iteration 7.8 ms

// Stops the run when all have finished.
struct Finish {
  Kernel& kernel;
  int running;
  void count() {
    if (--running == 0) kernel.stop();
  }
};

class FlowPerIteration : public EventTarget, public FlowTarget {
 public:
  FlowPerIteration(Kernel& kernel, FlowNet& net, const PcieTree& tree, int iterations, Finish& finish)
      : kernel_(kernel), net_(net), ring_(net.add_path(tree.ring())), left_(iterations), finish_(finish) {}
  void start() { kernel_.after(kCompute_s, *this, 0); }
  void on_event(uint32_t, uint64_t) override {
    net_.send(ring_, static_cast<uint64_t>(kVolume), TrafficClass::tensor_parallel, *this);
  }
  void on_flow_end(FlowId, uint64_t) override {
    end_s = kernel_.now();
    if (--left_ > 0) {
      start();
    } else {
      finish_.count();
    }
  }
  double end_s = 0;

 private:
  Kernel& kernel_;
  FlowNet& net_;
  PathId ring_;
  int left_;
  Finish& finish_;
};

class MacroSteps : public EventTarget, public GroupWatcher {
 public:
  MacroSteps(Kernel& kernel, FlowNet& net, const PcieTree& tree, int steps, int k, Finish& finish)
      : kernel_(kernel), net_(net), steps_(steps), k_(k), finish_(finish) {
    std::vector<std::pair<LinkId, int>> crossings;
    for (const LinkId link : tree.ring().links) crossings.emplace_back(link, 1);
    group_ = net.add_group(crossings, *this);
  }
  void start() {
    left_ = k_;
    post();
  }
  void on_event(uint32_t, uint64_t) override {
    end_s = kernel_.now();
    event_ = {};
    if (--steps_ > 0) return start();
    net_.set_group_mean_rate(group_, 0);
    finish_.count();
  }
  void on_rate_change(GroupId) override {
    if (event_.slot == EventId::kNone) return;
    kernel_.cancel(event_);
    left_ -= (kernel_.now() - since_s_) / iteration_s_;
    post();
  }
  double end_s = 0;

 private:
  void post() {
    since_s_ = kernel_.now();
    iteration_s_ = kCompute_s + kVolume / net_.group_rate(group_);
    net_.set_group_mean_rate(group_, kVolume / iteration_s_);
    event_ = kernel_.after(std::max(0.0, left_ * iteration_s_), *this, 0);
  }

  Kernel& kernel_;
  FlowNet& net_;
  GroupId group_ = 0;
  int steps_;
  int k_;
  Finish& finish_;
  double left_ = 0;  // iterations of this step
  double since_s_ = 0;
  double iteration_s_ = 0;
  EventId event_{};
};

TEST_CASE("a macro-step of any length takes as long as one flow per iteration") {
  // Given 20 flows of 1 GB a second, then all iterations take 8.48 ms on average instead of 7.8, and the
  // flows 25 ms instead of 20.
  constexpr int kIterations = 10000;
  Kernel kernel;
  std::vector<LinkSpec> links;
  std::vector<PcieTree> trees;
  for (int i = 0; i < 4; ++i) {
    trees.emplace_back(static_cast<LinkId>(links.size()));
    PcieTree::add_links(links);
  }
  FlowNet net(kernel, links);
  Finish finish{kernel, 4};
  Background background(kernel, net, trees, 20, 1000000000);
  FlowPerIteration slow(kernel, net, trees[0], kIterations, finish);
  MacroSteps one(kernel, net, trees[1], kIterations, 1, finish);
  MacroSteps ten(kernel, net, trees[2], kIterations / 10, 10, finish);
  MacroSteps hundred(kernel, net, trees[3], kIterations / 100, 100, finish);
  net.start();
  background.start();
  slow.start();
  for (MacroSteps* steps : {&one, &ten, &hundred}) steps->start();
  kernel.run();

  const double slow_s = slow.end_s / kIterations;
  CHECK(slow_s == doctest::Approx(8.48e-3).epsilon(0.01));
  for (const MacroSteps* steps : {&one, &ten, &hundred}) {
    CHECK(steps->end_s / kIterations == doctest::Approx(slow_s).epsilon(0.005));
    CHECK(steps->end_s == doctest::Approx(one.end_s).epsilon(1e-6));
  }
  for (size_t tree = 1; tree < trees.size(); ++tree) {
    CHECK(background.mean_flow_s(tree) == doctest::Approx(background.mean_flow_s(0)).epsilon(0.01));
  }
  MESSAGE("iteration " << slow_s << " one flow each, " << one.end_s / kIterations << " k=1, "
                       << ten.end_s / kIterations << " k=10, " << hundred.end_s / kIterations << " k=100");
  MESSAGE("flow " << background.mean_flow_s(0) << " " << background.mean_flow_s(1) << " "
                  << background.mean_flow_s(3));
}

TEST_CASE("macro-steps meet flows that a narrow NIC keeps slow") {
  // Given 10 flows of 500 MB a second through a NIC of 15 GB/s, which takes 15 of the 50 GB/s of the links behind it, not
  // the 25 of a fair share: an iteration alone takes 7.8 ms, beside a flow 6 + 90/35 = 8.57, beside a fair share 9.6.
  constexpr int kIterations = 10000;
  Kernel kernel;
  std::vector<LinkSpec> links;
  std::vector<PcieTree> trees;
  for (int i = 0; i < 2; ++i) {
    trees.emplace_back(static_cast<LinkId>(links.size()), true);
    PcieTree::add_links(links);
    PcieTree::add_nic(links);
  }
  FlowNet net(kernel, links);
  Finish finish{kernel, 2};
  Background background(kernel, net, trees, 10, 500000000);
  FlowPerIteration slow(kernel, net, trees[0], kIterations, finish);
  MacroSteps macro(kernel, net, trees[1], kIterations / 10, 10, finish);
  net.start();
  background.start();
  slow.start();
  macro.start();
  kernel.run();
  const double slow_s = slow.end_s / kIterations;
  CHECK(slow_s > 7.95e-3);
  CHECK(slow_s < 8.57e-3);
  // Flows that share the NIC count with 15 GB/s each: 0.6 % too slow here.
  CHECK(macro.end_s / kIterations == doctest::Approx(slow_s).epsilon(0.01));
  CHECK(background.mean_flow_s(1) == doctest::Approx(background.mean_flow_s(0)).epsilon(0.01));
  MESSAGE("iteration " << slow_s << " one flow each, " << macro.end_s / kIterations << " k=10");
}

}  // namespace
}  // namespace agentsim::network
