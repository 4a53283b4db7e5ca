#include "sim/serving/gateway.hpp"

namespace agentsim::serving {

void Gateway::add_port(const Port& port) {
  ports_.push_back(port);
  views_.emplace_back();
}

Request* Gateway::submit(const RouteRequest& route, const CallRecord& record, const Content& content,
                         uint64_t ticket) {
  RouteRequest here = route;
  if (here.last_replica) *here.last_replica -= first_replica_;
  const uint32_t chosen = router_.route(here, views_);
  AGENTSIM_CONTRACT(chosen < ports_.size(), "the router chose replica {} of {}", chosen, ports_.size());
  ++views_[chosen].outstanding_calls;
  views_[chosen].outstanding_tokens += record.prompt_tokens;
  ++submitted_;
  auto request = std::make_unique<Request>();
  Request* name = request.get();
  request->record = record;
  request->record.replica = first_replica_ + chosen;
  request->record.arrival_s = kernel_.now();
  request->content = content;
  request->ticket = ticket;
  send(std::move(request), ports_[chosen].ingress, record.prompt_tokens, network::TrafficClass::ingress);
  return name;
}

void Gateway::cancel(Request* request) {
  leave(*request);
  ++cancelled_;
  if (request->flow == 0) {
    port(*request).replica->cancel(*request);
    return;
  }
  net_.cancel(request->flow);
  take(request->travel_slot);
}

void Gateway::send(std::unique_ptr<Request> request, network::PathId path, uint64_t tokens,
                   network::TrafficClass traffic) {
  uint64_t slot = travelling_.size();
  if (unused_.empty()) {
    travelling_.emplace_back();
  } else {
    slot = unused_.back();
    unused_.pop_back();
  }
  request->travel_slot = slot;
  request->flow = net_.send(path, tokens * kBytesPerToken, traffic, *this, slot);
  travelling_[slot] = std::move(request);
}

std::unique_ptr<Request> Gateway::take(uint64_t slot) {
  unused_.push_back(slot);
  return std::move(travelling_[slot]);
}

void Gateway::leave(const Request& request) {
  ReplicaView& view = views_[request.record.replica - first_replica_];
  --view.outstanding_calls;
  view.outstanding_tokens -= request.record.prompt_tokens;
}

void Gateway::on_finished(std::unique_ptr<Request> request) {
  const network::PathId egress = port(*request).egress;
  const uint32_t tokens = request->record.output_tokens;
  send(std::move(request), egress, tokens, network::TrafficClass::egress);
}

void Gateway::on_flow_end(network::FlowId, uint64_t payload) {
  std::unique_ptr<Request> request = take(payload);
  request->flow = 0;
  CallRecord& record = request->record;
  if (request->generated == 0) {
    record.split.network_s += kernel_.now() - record.arrival_s;
    Replica* replica = port(*request).replica;
    replica->enqueue(std::move(request));
    return;
  }
  record.split.network_s += kernel_.now() - record.last_token_s;
  record.end_s = kernel_.now();
  leave(*request);
  ++answered_;
  client_.on_reply(request->ticket, record);
}

}  // namespace agentsim::serving
