#pragma once

#include <cstdint>
#include <vector>

#include "sim/network/flow_net.hpp"
#include "sim/serving/replica.hpp"

namespace agentsim::serving {

// Sends the weights of replicas to their GPUs when the run begins, each GPU's part as a flow of its own. A replica
// starts to serve when the last of its parts has arrived; calls that reach it before wait in its queue.
class WeightLoader : public network::FlowTarget {
 public:
  WeightLoader(network::Kernel& kernel, network::FlowNet& net) : kernel_(kernel), net_(net) {}

  // Before the run; the replica outlives the loader. `paths` leads to each GPU, which takes `bytes_per_gpu`.
  void add(Replica& replica, std::vector<network::PathId> paths, uint64_t bytes_per_gpu);
  // Once the net has started.
  void start();

  // When the last replica was ready, in s; 0 if nothing was loaded.
  double ready_s() const { return ready_s_; }

  void on_flow_end(network::FlowId flow, uint64_t payload) override;

 private:
  struct Load {
    Replica* replica;
    std::vector<network::PathId> paths;
    uint64_t bytes;
    size_t left;
  };

  network::Kernel& kernel_;
  network::FlowNet& net_;
  std::vector<Load> loads_;
  double ready_s_ = 0.0;
};

}  // namespace agentsim::serving
