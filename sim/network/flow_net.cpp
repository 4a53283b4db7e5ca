#include "sim/network/flow_net.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "sim/base/contract.hpp"
#include "sim/network/collectives.hpp"
#include "sim/network/fabric.hpp"
#include "sim/network/flow_table.hpp"
#include "sim/network/link_ledger.hpp"
#include "sim/network/mover.hpp"

namespace agentsim::network {

class FlowNet::State : public Mover, public EventTarget, public Fabric::Listener {
 public:
  State(Kernel& kernel, std::vector<LinkSpec> links);
  PathId add_path(Path path);
  FlowId send(PathId path, Flow flow);
  void cancel(FlowId id);

  double clock() const override { return fabric_.clock(); }
  bool is_moving() const override { return moving_ > 0; }
  bool has_changes() const override { return !waiting_.empty() || collectives_.has_changes(); }
  void apply_changes() override;
  void wake_at(double time_s) override { fabric_.wake_at(time_s); }
  void run() override { fabric_.run(); }
  void drop_flows() override;

  void on_event(uint32_t kind, uint64_t payload) override;
  void on_wake() override { kernel_.pump(); }
  void on_stream_end(uint64_t tag) override;

  struct Route {
    std::vector<LinkId> links;
    double latency_s;
    double narrowest;  // bytes/s of a flow that has it to itself
    Fabric::RouteId id;
  };
  struct Totals {
    uint64_t started = 0, finished = 0, cancelled = 0;
    double requested = 0, delivered = 0, dropped = 0;
  };

  Kernel& kernel_;
  const std::vector<LinkSpec> links_;
  LinkLedger ledger_;
  Fabric fabric_;
  Collectives collectives_;
  std::vector<TrafficClass> group_traffic_;
  Totals totals_;

 private:
  enum Kind : uint32_t { kLatencyOver, kArrived };

  void begin(FlowId id, Flow& flow);
  void leave_links(const Flow& flow, double sent_bytes, double time_s);

  std::vector<Route> routes_;
  FlowTable flows_;
  std::vector<FlowId> waiting_;
  size_t moving_ = 0;
};

FlowNet::State::State(Kernel& kernel, std::vector<LinkSpec> links)
    : kernel_(kernel),
      links_(std::move(links)),
      ledger_(links_.size()),
      fabric_(*this),
      collectives_(kernel, fabric_, links_) {
  for (const LinkSpec& link : links_) {
    AGENTSIM_CONTRACT(link.bytes_per_s > 0 && std::isfinite(link.bytes_per_s), "link {} has {} bytes/s",
                      link.name, link.bytes_per_s);
  }
}

PathId FlowNet::State::add_path(Path path) {
  const auto id = static_cast<PathId>(routes_.size());
  AGENTSIM_CONTRACT(path.latency_s >= 0 && std::isfinite(path.latency_s), "path {} has a latency of {} s", id,
                    path.latency_s);
  std::map<LinkId, int> crossings;
  for (const LinkId link : path.links) {
    AGENTSIM_CONTRACT(link < links_.size(), "path {} has link {}", id, link);
    ++crossings[link];
  }
  double narrowest = std::numeric_limits<double>::infinity();
  for (const auto& [link, count] : crossings)
    narrowest = std::min(narrowest, links_[link].bytes_per_s / count);
  const Fabric::RouteId route = path.links.empty() ? 0 : fabric_.add_route(path.links);
  routes_.push_back({std::move(path.links), path.latency_s, narrowest, route});
  return id;
}

FlowId FlowNet::State::send(PathId path, Flow flow) {
  AGENTSIM_CONTRACT(fabric_.is_built(), "a flow is sent before start()");
  const Route& route = routes_.at(path);
  flow.path = path;
  flow.phase = Flow::Phase::latency;
  ++totals_.started;
  totals_.requested += static_cast<double>(flow.bytes);
  const FlowId id = flows_.add(flow);
  const bool has_bytes = flow.bytes > 0 && !route.links.empty();
  if (has_bytes && route.latency_s == 0) {
    begin(id, *flows_.find(id));
  } else {
    flows_.find(id)->event = kernel_.after(route.latency_s, *this, has_bytes ? kLatencyOver : kArrived, id);
  }
  return id;
}

void FlowNet::State::begin(FlowId id, Flow& flow) {
  const Route& route = routes_[flow.path];
  flow.phase = Flow::Phase::waiting;
  for (const LinkId link : route.links) ledger_.enter(link, kernel_.now());
  collectives_.change_flows(route.links, +1, route.narrowest, kernel_.now());
  waiting_.push_back(id);
}

void FlowNet::State::apply_changes() {
  for (const FlowId id : std::exchange(waiting_, {})) {
    Flow* flow = flows_.find(id);
    if (!flow) continue;
    flow->stream = fabric_.start(routes_[flow->path].id, flow->bytes, id);
    flow->phase = Flow::Phase::moving;
    ++moving_;
  }
  collectives_.apply_changes();
}

void FlowNet::State::on_stream_end(uint64_t tag) {
  const double time_s = std::max(clock(), kernel_.now());
  if (FlowTable::is_flow(tag)) {
    Flow& flow = *flows_.find(tag);
    leave_links(flow, static_cast<double>(flow.bytes), time_s);
    --moving_;
    flow.phase = Flow::Phase::arrived;
    flow.event = kernel_.at(time_s, *this, kArrived, tag);
  } else {
    collectives_.on_shadow_end(static_cast<GroupId>(tag));
  }
  wake_at(time_s);
}

void FlowNet::State::leave_links(const Flow& flow, double sent_bytes, double time_s) {
  const Route& route = routes_[flow.path];
  for (const LinkId link : route.links) {
    ledger_.leave(link, time_s);
    ledger_.add_bytes(link, flow.traffic, sent_bytes);
  }
  collectives_.change_flows(route.links, -1, route.narrowest, time_s);
}

void FlowNet::State::on_event(uint32_t kind, uint64_t id) {
  Flow& flow = *flows_.find(id);
  flow.event = {};
  if (kind == kLatencyOver) return begin(id, flow);
  const Flow ended = flow;
  flows_.remove(id);
  ++totals_.finished;
  totals_.delivered += static_cast<double>(ended.bytes);
  ended.target->on_flow_end(id, ended.payload);
}

void FlowNet::State::cancel(FlowId id) {
  Flow* flow = flows_.find(id);
  if (!flow) return;
  const auto bytes = static_cast<double>(flow->bytes);
  double sent = 0;
  if (flow->phase == Flow::Phase::moving) {
    sent = bytes - std::round(std::min(bytes, fabric_.stop(flow->stream)));
    --moving_;
  } else if (flow->phase == Flow::Phase::arrived) {
    sent = bytes;
  }
  if (flow->phase == Flow::Phase::moving || flow->phase == Flow::Phase::waiting) {
    leave_links(*flow, sent, kernel_.now());
  }
  kernel_.cancel(flow->event);
  flows_.remove(id);
  ++totals_.cancelled;
  totals_.delivered += sent;
  totals_.dropped += bytes - sent;
}

void FlowNet::State::drop_flows() {
  for (const FlowId id : flows_.all()) cancel(id);
  waiting_.clear();
  collectives_.stop_shadows();
}

FlowNet::FlowNet(Kernel& kernel, std::vector<LinkSpec> links)
    : state_(std::make_unique<State>(kernel, std::move(links))) {}

FlowNet::~FlowNet() {
  state_->kernel_.attach(nullptr);
}

PathId FlowNet::add_path(Path path) {
  return state_->add_path(std::move(path));
}

GroupId FlowNet::add_group(std::vector<std::pair<LinkId, int>> crossings, GroupWatcher& watcher,
                           TrafficClass traffic) {
  state_->group_traffic_.push_back(traffic);
  return state_->collectives_.add(std::move(crossings), watcher);
}

void FlowNet::start() {
  state_->fabric_.build(state_->links_, state_->collectives_.size());
  state_->kernel_.attach(state_.get());
}

FlowId FlowNet::send(PathId path, uint64_t bytes, TrafficClass traffic, FlowTarget& target,
                     uint64_t payload) {
  Flow flow;
  flow.target = &target;
  flow.payload = payload;
  flow.bytes = bytes;
  flow.traffic = traffic;
  return state_->send(path, flow);
}

void FlowNet::cancel(FlowId flow) {
  state_->cancel(flow);
}

double FlowNet::group_rate(GroupId group) const {
  return state_->collectives_.rate(group);
}

void FlowNet::set_group_mean_rate(GroupId group, double bytes_per_s) {
  state_->collectives_.set_mean_rate(group, bytes_per_s);
}

void FlowNet::account_group(GroupId group, double bytes_per_crossing) {
  for (const auto& [link, count] : state_->collectives_.crossings(group)) {
    state_->ledger_.add_bytes(link, state_->group_traffic_[group], bytes_per_crossing * count);
  }
}

size_t FlowNet::link_count() const {
  return state_->links_.size();
}
const LinkSpec& FlowNet::link(LinkId link) const {
  return state_->links_.at(link);
}

double FlowNet::link_bytes(LinkId link, TrafficClass traffic) const {
  return state_->ledger_.bytes(link, traffic);
}

double FlowNet::link_busy_s(LinkId link) const {
  return state_->ledger_.busy_s(link, state_->kernel_.now());
}

uint64_t FlowNet::flows_started() const {
  return state_->totals_.started;
}
uint64_t FlowNet::flows_finished() const {
  return state_->totals_.finished;
}
uint64_t FlowNet::flows_cancelled() const {
  return state_->totals_.cancelled;
}
double FlowNet::bytes_requested() const {
  return state_->totals_.requested;
}
double FlowNet::bytes_delivered() const {
  return state_->totals_.delivered;
}
double FlowNet::bytes_dropped() const {
  return state_->totals_.dropped;
}

}  // namespace agentsim::network
