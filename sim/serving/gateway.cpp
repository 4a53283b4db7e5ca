#include "sim/serving/gateway.hpp"

namespace agentsim::serving {

void Gateway::add_port(const Port& port) {
  ports_.push_back(port);
  views_.emplace_back();
}

void Gateway::submit(const RouteRequest& route, const CallRecord& record, const Content& content,
                     uint64_t ticket) {
  const uint32_t chosen = router_.route(route, views_);
  AGENTSIM_CONTRACT(chosen < ports_.size(), "the router chose replica {} of {}", chosen, ports_.size());
  ++views_[chosen].outstanding_calls;
  views_[chosen].outstanding_tokens += record.prompt_tokens;
  ++submitted_;
  auto request = std::make_unique<Request>();
  request->record = record;
  request->record.replica = chosen;
  request->record.arrival_s = kernel_.now();
  request->content = content;
  request->ticket = ticket;
  const uint64_t bytes = record.prompt_tokens * kBytesPerToken;
  net_.send(ports_[chosen].ingress, bytes, network::TrafficClass::ingress, *this, park(std::move(request)));
}

uint64_t Gateway::park(std::unique_ptr<Request> request) {
  if (unused_.empty()) {
    travelling_.push_back(std::move(request));
    return travelling_.size() - 1;
  }
  const uint64_t slot = unused_.back();
  unused_.pop_back();
  travelling_[slot] = std::move(request);
  return slot;
}

void Gateway::on_finished(std::unique_ptr<Request> request) {
  const uint64_t bytes = request->record.output_tokens * kBytesPerToken;
  const network::PathId egress = ports_[request->record.replica].egress;
  net_.send(egress, bytes, network::TrafficClass::egress, *this, park(std::move(request)));
}

void Gateway::on_flow_end(network::FlowId, uint64_t payload) {
  std::unique_ptr<Request> request = std::move(travelling_[payload]);
  unused_.push_back(payload);
  CallRecord& record = request->record;
  if (request->generated == 0) {
    record.split.network_s += kernel_.now() - record.arrival_s;
    ports_[record.replica].replica->enqueue(std::move(request));
    return;
  }
  record.split.network_s += kernel_.now() - record.last_token_s;
  record.end_s = kernel_.now();
  --views_[record.replica].outstanding_calls;
  views_[record.replica].outstanding_tokens -= record.prompt_tokens;
  ++answered_;
  client_.on_reply(request->ticket, record);
}

}  // namespace agentsim::serving
