#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/network/flow_net.hpp"
#include "sim/serving/replica.hpp"
#include "sim/serving/router.hpp"

namespace agentsim::serving {

// Told that the reply to a call is back at the gateway.
class GatewayClient {
 public:
  virtual ~GatewayClient() = default;
  virtual void on_reply(uint64_t ticket, const CallRecord& record) = 0;
};

// The entry of a deployment: routes each call to a replica, carries its text there and the reply back over
// the links of the cluster, and keeps the view that the router decides on.
class Gateway : public ReplicaClient, public network::FlowTarget {
 public:
  // A token is about four characters of UTF-8 text on the wire (OpenAI's tokenizer guide), in both
  // directions.
  static constexpr uint64_t kBytesPerToken = 4;

  struct Port {
    Replica* replica;
    network::PathId ingress;
    network::PathId egress;
  };

  // Its replicas are numbered from `first_replica`.
  Gateway(network::Kernel& kernel, network::FlowNet& net, const Router& router, GatewayClient& client,
          uint32_t first_replica = 0)
      : kernel_(kernel), net_(net), router_(router), client_(client), first_replica_(first_replica) {}

  // Before the run.
  void add_port(const Port& port);
  // A call arrives now. What it returns names the call until its reply.
  Request* submit(const RouteRequest& route, const CallRecord& record, const Content& content,
                  uint64_t ticket);

  // There will be no reply, and its KV blocks are given back when the step in flight ends.
  void cancel(Request* request);

  uint64_t submitted() const { return submitted_; }
  uint64_t answered() const { return answered_; }
  uint64_t cancelled() const { return cancelled_; }

  void on_finished(std::unique_ptr<Request> request) override;
  void on_flow_end(network::FlowId flow, uint64_t payload) override;

 private:
  void send(std::unique_ptr<Request> request, network::PathId path, uint64_t tokens,
            network::TrafficClass traffic);
  std::unique_ptr<Request> take(uint64_t slot);
  const Port& port(const Request& request) const { return ports_[request.record.replica - first_replica_]; }
  void leave(const Request& request);

  network::Kernel& kernel_;
  network::FlowNet& net_;
  const Router& router_;
  GatewayClient& client_;
  uint32_t first_replica_;
  std::vector<Port> ports_;
  std::vector<ReplicaView> views_;
  std::vector<std::unique_ptr<Request>> travelling_;  // on its way to a replica or back, by payload
  std::vector<uint64_t> unused_;
  uint64_t submitted_ = 0;
  uint64_t answered_ = 0;
  uint64_t cancelled_ = 0;
};

}  // namespace agentsim::serving
