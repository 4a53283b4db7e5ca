#include "sim/network/fabric.hpp"

#include <array>
#include <cmath>
#include <csignal>
#include <deque>
#include <exception>
#include <utility>

#include "sim/base/contract.hpp"
#include "sim/network/simgrid_shim.hpp"

namespace agentsim::network {

namespace s4u = simgrid::s4u;
using simgrid::kernel::timer::Timer;

namespace {

// Higher than any link: the nominal bandwidth of a cap, whose true capacity is given by its callback. (A
// stream remembers the least nominal bandwidth of its route as a bound, which a later rise would not lift.)
constexpr double kUnbounded = 1e30;
// Routes that may be added to a built platform, beyond those announced.
constexpr size_t kSpareRoutes = 60000;

// SimGrid takes over these signals when an engine is made; the program keeps its own ways.
class KeptSignals {
 public:
  KeptSignals() {
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], nullptr, &actions_[i]);
  }
  ~KeptSignals() {
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &actions_[i], nullptr);
  }
  KeptSignals(const KeptSignals&) = delete;
  KeptSignals& operator=(const KeptSignals&) = delete;

 private:
  static constexpr std::array<int, 2> kSignals{SIGINT, SIGSEGV};
  std::array<struct sigaction, 2> actions_{};
};

// Lives until the process ends: SimGrid allows no second one, and its clock cannot be reset.
s4u::Engine& make_engine() {
  static bool is_made = false;
  AGENTSIM_CONTRACT(!is_made, "a process can simulate only one network");
  is_made = true;
  const KeptSignals kept;
  xbt_log_control_set("root.thres:warning");
  auto* engine = new s4u::Engine("agentsim");
  for (const char* setting : {"network/model:CM02", "network/TCP-gamma:1e30", "network/crosstraffic:no",
                              "network/loopback-bw:1e15", "network/optim:Lazy"}) {
    s4u::Engine::set_config(setting);
  }
  return *engine;
}

// A pair of virtual hosts stands for a route; n hosts make n(n-1) pairs.
size_t hosts_for(size_t routes) {
  return static_cast<size_t>(std::ceil(std::sqrt(static_cast<double>(routes)))) + 1;
}

}  // namespace

struct Fabric::Stream {
  s4u::CommPtr comm;
  State* owner = nullptr;
  uint64_t tag = 0;
  bool is_live = false;
  bool is_stopped = false;
};

struct Fabric::State {
  struct Route {
    std::vector<LinkId> links;
    CapId cap;
    bool is_known = false;  // to SimGrid: told at the first use
  };
  struct Cap {
    s4u::Link* link = nullptr;
    std::shared_ptr<double> bytes_per_s = std::make_shared<double>(kUnbounded);
  };

  explicit State(Listener& to) : listener(to) {}
  static void on_completion(const s4u::Activity& activity);
  static double clock_s() { return s4u::Engine::get_clock(); }
  void wake_at(double time_s);
  template <class Call>
  void guard(Call call);
  void on_timer();
  void bury();
  static void stop(Stream& stream);
  s4u::Host* source(RouteId route) const { return hosts[route / (hosts.size() - 1)]; }
  s4u::Host* destination(RouteId route) const;
  void tell(RouteId id);
  Stream* new_stream();

  Listener& listener;
  s4u::Engine* engine = nullptr;
  s4u::NetZone* zone = nullptr;
  std::vector<s4u::Host*> hosts;
  std::vector<s4u::Link*> links;
  std::vector<Cap> caps;
  std::vector<Route> routes;
  std::deque<Stream> streams;
  std::vector<Stream*> free_streams;
  // Ended, but SimGrid may still be using them: their references are dropped at the next wake-up.
  std::vector<Stream*> graveyard;
  size_t live_streams = 0;
  Timer* timer = nullptr;
  std::exception_ptr failure;  // ends the run
};

Fabric::Fabric(Listener& listener) : state_(std::make_unique<State>(listener)) {}

Fabric::~Fabric() {
  if (state_->timer) state_->timer->remove();
}

void Fabric::build(const std::vector<LinkSpec>& links, size_t caps) {
  State& s = *state_;
  s.engine = &make_engine();
  s.zone = shim::add_empty_zone(*s.engine, "agentsim");
  for (size_t i = 0; i < links.size(); ++i) {
    s4u::Link* link =
        shim::add_link(*s.zone, fmt::format("link {} {}", i, links[i].name), links[i].bytes_per_s);
    s.links.push_back(link->set_latency(0.0));
  }
  for (size_t i = 0; i < caps; ++i) {
    State::Cap cap;
    cap.link = shim::add_link(*s.zone, fmt::format("cap {}", i), kUnbounded)->set_latency(0.0);
    cap.link->set_sharing_policy(s4u::Link::SharingPolicy::NONLINEAR,
                                 [rate = cap.bytes_per_s](double, int) { return *rate; });
    s.caps.push_back(std::move(cap));
  }
  const size_t hosts = hosts_for(s.routes.size() + kSpareRoutes);
  for (size_t i = 0; i < hosts; ++i)
    s.hosts.push_back(shim::add_host(*s.zone, fmt::format("end {}", i), 1.0));
  s.zone->seal();
  s4u::Comm::on_completion_cb(State::on_completion);
}

bool Fabric::is_built() const {
  return state_->engine != nullptr;
}

Fabric::RouteId Fabric::add_route(std::vector<LinkId> links, CapId cap) {
  State& s = *state_;
  const auto id = static_cast<RouteId>(s.routes.size());
  AGENTSIM_CONTRACT(!is_built() || id < s.hosts.size() * (s.hosts.size() - 1), "more than {} routes", id);
  s.routes.push_back({std::move(links), cap});
  return id;
}

void Fabric::set_cap(CapId id, double bytes_per_s) {
  AGENTSIM_CONTRACT(bytes_per_s > 0, "cap {} set to {} bytes/s, which SimGrid takes for no cap", id,
                    bytes_per_s);
  const State::Cap& cap = state_->caps.at(id);
  *cap.bytes_per_s = bytes_per_s;
  cap.link->set_bandwidth(kUnbounded);  // makes SimGrid ask the callback again
}

Fabric::Stream* Fabric::start(RouteId route, uint64_t bytes, uint64_t tag) {
  AGENTSIM_CONTRACT(bytes > 0, "a stream of 0 bytes would never end");
  State& s = *state_;
  s.tell(route);
  Stream* stream = s.new_stream();
  stream->tag = tag;
  stream->comm = s4u::Comm::sendto_init();
  stream->comm->set_payload_size(bytes);
  stream->comm->set_data(stream);
  stream->comm->set_source(s.source(route))->set_destination(s.destination(route));
  return stream;
}

double Fabric::stop(Stream* stream) {
  const double left = stream->comm->get_remaining();
  state_->stop(*stream);
  return left;
}

double Fabric::clock() const {
  return s4u::Engine::get_clock();
}

void Fabric::wake_at(double time_s) {
  state_->wake_at(time_s);
}

void Fabric::run() {
  State& s = *state_;
  s.engine->run();
  s.bury();
  if (s.failure) std::rethrow_exception(std::exchange(s.failure, nullptr));
  AGENTSIM_CONTRACT(s.live_streams == 0, "I7: {} flows never ended", s.live_streams);
}

void Fabric::State::wake_at(double time_s) {
  if (timer) {
    if (timer->get_date() <= time_s) return;
    timer->remove();
  }
  timer = Timer::set(time_s, [this] { on_timer(); });
}

// SimGrid would leave live streams and a leaked timer behind if an exception passed through it. So it is kept
// until SimGrid has come to its own end.
template <class Call>
void Fabric::State::guard(Call call) {
  try {
    if (!failure) call();
  } catch (...) {
    failure = std::current_exception();
  }
}

void Fabric::State::on_timer() {
  timer = nullptr;
  bury();
  guard([this] { listener.on_wake(); });
  if (!failure) return;
  for (Stream& stream : streams) {
    if (stream.is_live && !stream.is_stopped) stop(stream);
  }
}

void Fabric::State::bury() {
  for (Stream* stream : graveyard) {
    stream->comm.reset();
    free_streams.push_back(stream);
  }
  graveyard.clear();
}

void Fabric::State::stop(Stream& stream) {
  stream.is_stopped = true;
  stream.comm->cancel();
}

// SimGrid calls this for a cancelled stream once or twice, depending on its version; FAILED is the last time.
void Fabric::State::on_completion(const s4u::Activity& activity) {
  auto* stream = activity.get_data<Stream>();
  const s4u::Activity::State state = activity.get_state();
  if (!stream || state == s4u::Activity::State::CANCELED) return;
  State& owner = *stream->owner;
  owner.graveyard.push_back(stream);
  stream->is_live = false;
  --owner.live_streams;
  if (stream->is_stopped) return;
  owner.guard([&] {
    AGENTSIM_CONTRACT(state == s4u::Activity::State::FINISHED, "I7: flow {} failed", stream->tag);
    owner.listener.on_stream_end(stream->tag);
  });
  if (owner.failure) owner.wake_at(clock_s());
}

s4u::Host* Fabric::State::destination(RouteId route) const {
  const size_t from = route / (hosts.size() - 1);
  const size_t to = route % (hosts.size() - 1);
  return hosts[to < from ? to : to + 1];
}

void Fabric::State::tell(RouteId id) {
  Route& route = routes[id];
  if (route.is_known) return;
  route.is_known = true;
  std::vector<s4u::LinkInRoute> hops;
  for (const LinkId link : route.links) hops.emplace_back(links.at(link));
  if (route.cap != kNoCap) hops.emplace_back(caps.at(route.cap).link);
  zone->add_bypass_route(source(id)->get_netpoint(), destination(id)->get_netpoint(), nullptr, nullptr, hops);
}

Fabric::Stream* Fabric::State::new_stream() {
  if (free_streams.empty()) {
    streams.emplace_back();
    free_streams.push_back(&streams.back());
  }
  Stream* stream = free_streams.back();
  free_streams.pop_back();
  stream->owner = this;
  stream->is_live = true;
  stream->is_stopped = false;
  ++live_streams;
  return stream;
}

}  // namespace agentsim::network
