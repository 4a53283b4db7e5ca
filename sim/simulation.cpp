#include "sim/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "sim/base/suggest.hpp"
#include "sim/network/flow_net.hpp"
#include "sim/placement.hpp"
#include "sim/serving/gateway.hpp"
#include "sim/serving/session_driver.hpp"
#include "sim/serving/weight_loader.hpp"

namespace agentsim {
namespace {

// Looks at the replicas at fixed intervals for as long as there are sessions.
class Sampler : public network::EventTarget {
 public:
  Sampler(network::Kernel& kernel, const serving::SessionDriver& driver, serving::Observer& observer,
          std::vector<std::unique_ptr<serving::Replica>>& replicas, double interval_s, uint64_t sessions,
          const Progress& progress)
      : kernel_(kernel),
        driver_(driver),
        observer_(observer),
        replicas_(replicas),
        interval_s_(interval_s),
        sessions_(sessions),
        progress_(progress) {}

  void start() { kernel_.at(0.0, *this, 0); }
  bool was_interrupted() const { return interrupted_; }

  void on_event(uint32_t, uint64_t) override {
    if (driver_.all_ended()) return;
    for (const auto& replica : replicas_) observer_.on_sample(replica->sample());
    if (progress_ && !progress_(kernel_.now(), driver_.ended(), sessions_, kernel_.events())) {
      interrupted_ = true;
      kernel_.stop();
    } else {
      ++ticks_;
      kernel_.at(static_cast<double>(ticks_) * interval_s_, *this, 0);
    }
  }

 private:
  network::Kernel& kernel_;
  const serving::SessionDriver& driver_;
  serving::Observer& observer_;
  std::vector<std::unique_ptr<serving::Replica>>& replicas_;
  double interval_s_;
  uint64_t sessions_;
  const Progress& progress_;
  uint64_t ticks_ = 0;
  bool interrupted_ = false;
};

// All parts of a run, in the order in which they need each other.
class Run {
 public:
  Run(const Scenario& scenario, const PlatformChoice& choice, uint64_t seed, serving::Observer& observer,
      const Progress& progress)
      : scenario_(scenario),
        choice_(choice),
        workload_(scenario.workload, seed),
        net_(kernel_, links(choice.cluster)),
        places_(placements(choice)),
        assignment_(assign(scenario, choice, workload_.names())),
        driver_(kernel_, workload_, observer, resources_of(scenario, workload_.names())),
        loader_(kernel_, net_),
        sampler_(kernel_, driver_, observer, replicas_, scenario.reporting.sample_interval_s,
                 workload_.sessions(), progress) {
    facts_.survey = survey(workload_, choice.deployment.llm.max_context);
    check_capacity(scenario, choice, facts_.survey, workload_.names());
    facts_.kv = model::kv_capacity(choice.deployment, choice.cluster.node().gpu);
    add_replicas();
  }

  RunFacts run() {
    net_.start();
    loader_.start();
    std::vector<serving::Gateway*> gateways;
    for (const Fleet& fleet : fleets_) gateways.push_back(fleet.gateway.get());
    driver_.start({gateways, assignment_.of_deployment, assignment_.of_role});
    sampler_.start();
    kernel_.run();
    if (sampler_.was_interrupted()) throw Interrupted();
    check_invariants();
    report();
    return facts_;
  }

 private:
  static std::vector<network::LinkSpec> links(const platform::Cluster& cluster) {
    std::vector<network::LinkSpec> specs;
    for (int link = 0; link < cluster.link_count(); ++link)
      specs.push_back({cluster.link_name(link), cluster.link_bytes_per_s(link)});
    return specs;
  }

  static network::Path path(const platform::Route& route) {
    return {{route.links.begin(), route.links.end()}, route.latency_s};
  }

  // What serves one deployment.
  struct Fleet {
    std::unique_ptr<serving::Router> router;
    std::unique_ptr<serving::Scheduler> scheduler;
    std::unique_ptr<serving::Gateway> gateway;
  };

  void add_replicas() {
    const platform::Cluster& cluster = choice_.cluster;
    facts_.gpus = cluster.gpu_count();
    const model::Protocols network = model::load_protocols("network");
    std::vector<model::Protocols> protocols;
    for (int group = 0; group < cluster.groups(); ++group)
      protocols.push_back(model::load_protocols(cluster.node(group).collective_class));
    for (const Placement& place : places_) {
      Fleet& fleet = fleets_.emplace_back();
      fleet.router = serving::Routers::make(place.deployment->router);
      fleet.scheduler = serving::Schedulers::make(place.deployment->scheduler);
      fleet.gateway = std::make_unique<serving::Gateway>(kernel_, net_, *fleet.router, driver_,
                                                         static_cast<uint32_t>(replicas_.size()));
      for (int r = 0; r < place.replicas; ++r) add_replica(place, place.gpu(r), fleet, protocols, network);
      facts_.replicas += place.replicas;
      facts_.gpus_used += place.replicas * place.size();
    }
  }

  void add_replica(const Placement& place, int first_gpu, Fleet& fleet,
                   const std::vector<model::Protocols>& protocols, const model::Protocols& network) {
    const platform::Cluster& cluster = choice_.cluster;
    const model::Deployment& deployment = *place.deployment;
    const int group = cluster.group_of(first_gpu);
    const platform::Accelerator& gpu = cluster.node(group).gpu;
    facts_.kv_blocks.push_back(model::kv_capacity(deployment, gpu).blocks);
    replica_links_.push_back(std::make_unique<model::ReplicaLinks>(
        cluster, deployment, first_gpu, protocols[static_cast<size_t>(group)], network));
    step_times_.push_back(std::make_unique<model::StepTime>(deployment, gpu, *replica_links_.back(),
                                                            cluster.node(group).host_speed));
    replicas_.push_back(std::make_unique<serving::Replica>(
        serving::Replica::Parts{kernel_, deployment, *step_times_.back(), *fleet.scheduler, *fleet.gateway,
                                scenario_.mode},
        static_cast<uint32_t>(replicas_.size()), facts_.kv_blocks.back()));
    serving::Replica& replica = *replicas_.back();
    join_lanes(replica, *replica_links_.back());
    fleet.gateway->add_port({&replica, net_.add_path(path(cluster.ingress(first_gpu))),
                             net_.add_path(path(cluster.egress(first_gpu)))});
    load_weights(replica, deployment, first_gpu, gpu);
  }

  void join_lanes(serving::Replica& replica, const model::ReplicaLinks& replica_links) {
    using network::TrafficClass;
    constexpr std::array<TrafficClass, model::kLanes> kClasses{
        TrafficClass::tensor_parallel, TrafficClass::tensor_parallel, TrafficClass::expert_parallel,
        TrafficClass::pipeline};
    for (const model::Lane lane : model::kAllLanes) {
      std::vector<std::pair<network::LinkId, int>> crossings;
      for (const auto& [link, times] : replica_links.crossings(lane))
        crossings.emplace_back(static_cast<network::LinkId>(link), times);
      if (!crossings.empty())
        replica.join(net_, net_.add_group(crossings, replica, kClasses[static_cast<size_t>(lane)]), lane);
    }
  }

  void load_weights(serving::Replica& replica, const model::Deployment& deployment, int first_gpu,
                    const platform::Accelerator& gpu) {
    if (deployment.load_weights == "off") return;
    std::vector<network::PathId> paths;
    for (int64_t i = 0; i < deployment.gpus(); ++i)
      paths.push_back(net_.add_path(
          path(weight_route(choice_.cluster, deployment.load_weights, first_gpu + static_cast<int>(i)))));
    const double bytes = model::kv_capacity(deployment, gpu).weight_bytes;
    loader_.add(replica, std::move(paths), static_cast<uint64_t>(std::llround(bytes)));
  }

  void check_invariants() const {
    AGENTSIM_CONTRACT(driver_.all_ended(), "I1: {} of {} sessions ended", driver_.ended(),
                      workload_.sessions());
    uint64_t submitted = 0, answered = 0, cancelled = 0;
    for (const Fleet& fleet : fleets_) {
      submitted += fleet.gateway->submitted();
      answered += fleet.gateway->answered();
      cancelled += fleet.gateway->cancelled();
    }
    AGENTSIM_CONTRACT(
        submitted == answered + cancelled && submitted + driver_.calls_left_out() == facts_.survey.calls,
        "I1: of {} calls {} were submitted, {} answered, {} cancelled and {} left out", facts_.survey.calls,
        submitted, answered, cancelled, driver_.calls_left_out());
    for (const auto& replica : replicas_) {
      AGENTSIM_CONTRACT(replica->is_idle(), "I4: a replica has work left at the end");
      AGENTSIM_CONTRACT(replica->batcher().pool().used() == 0, "I2: {} blocks are still used at the end",
                        replica->batcher().pool().used());
      replica->batcher().cache().check();
    }
    AGENTSIM_CONTRACT(net_.bytes_requested() == net_.bytes_delivered() + net_.bytes_dropped() &&
                          (net_.bytes_dropped() == 0.0 || cancelled > 0),
                      "I7: {} bytes were sent, {} arrived and {} were dropped", net_.bytes_requested(),
                      net_.bytes_delivered(), net_.bytes_dropped());
  }

  void report() {
    facts_.end_s = driver_.last_end_s();
    facts_.events = kernel_.events();
    facts_.flows = net_.flows_finished();
    for (const auto& replica : replicas_) facts_.final_samples.push_back(replica->sample());
    for (network::LinkId link = 0; link < net_.link_count(); ++link) {
      LinkUse use{net_.link(link).name, net_.link(link).bytes_per_s, {}};
      for (size_t c = 0; c < network::kTrafficClasses; ++c)
        use.bytes[c] = net_.link_bytes(link, static_cast<network::TrafficClass>(c));
      facts_.links.push_back(std::move(use));
    }
    facts_.notes = workload_.notes();
    if (loader_.ready_s() > 0.0)
      facts_.notes.push_back(fmt::format("the last replica had its weights from the {} after {}",
                                         choice_.deployment.load_weights, pretty_time(loader_.ready_s())));
    const model::LLM& llm = choice_.deployment.llm;
    if (facts_.survey.calls_over_context > 0)
      facts_.notes.push_back(
          fmt::format("{} of {} calls are longer than the {} tokens that {} was made for; they are run as if "
                      "it took them",
                      facts_.survey.calls_over_context, facts_.survey.calls, llm.max_context, llm.name));
  }

  const Scenario& scenario_;
  const PlatformChoice& choice_;
  workload::Workload workload_;
  network::Kernel kernel_;
  network::FlowNet net_;
  std::vector<Placement> places_;
  Assignment assignment_;
  std::vector<std::unique_ptr<model::ReplicaLinks>> replica_links_;
  std::vector<std::unique_ptr<model::StepTime>> step_times_;
  std::vector<std::unique_ptr<serving::Replica>> replicas_;
  serving::SessionDriver driver_;
  std::vector<Fleet> fleets_;
  serving::WeightLoader loader_;
  Sampler sampler_;
  RunFacts facts_;
};

}  // namespace

Survey survey(const workload::Workload& workload, int64_t max_context) {
  Survey s;
  Fnv1a hash;
  for (size_t i = 0; i < workload.sessions(); ++i) {
    const workload::SessionPlan plan = workload.plan(i);
    workload::add_to(hash, plan);
    ++s.sessions;
    s.agents += plan.agents.size();
    s.calls += plan.calls.size();
    for (const workload::Agent& agent : plan.agents) {
      uint64_t& longest = s.longest_of[{agent.deployment, agent.role}];
      for (uint32_t c = agent.first_call; c < agent.first_call + agent.call_count; ++c) {
        const workload::Call& call = plan.calls[c];
        const uint64_t tokens = uint64_t{call.prompt_tokens} + call.output_tokens;
        s.prompt_tokens += call.prompt_tokens;
        s.output_tokens += call.output_tokens;
        longest = std::max(longest, tokens);
        if (tokens > static_cast<uint64_t>(max_context)) ++s.calls_over_context;
      }
      s.longest_call_tokens = std::max(s.longest_call_tokens, longest);
    }
  }
  s.fingerprint = hash.value();
  return s;
}

void check_capacity(const Scenario& scenario, const PlatformChoice& choice, const Survey& survey,
                    const workload::PlanNames& names) {
  const std::vector<Placement> places = placements(choice);
  const Assignment assignment = assign(scenario, choice, names);
  std::vector<uint64_t> longest(places.size(), 0);
  for (const auto& [who, tokens] : survey.longest_of) {
    workload::Agent agent;
    agent.deployment = static_cast<int16_t>(who.first);
    agent.role = static_cast<uint16_t>(who.second);
    uint64_t& most = longest[assignment.of(agent)];
    most = std::max(most, tokens);
  }
  for (size_t p = 0; p < places.size(); ++p) {
    const Placement& place = places[p];
    // The router may send any call to any replica.
    int64_t blocks = INT64_MAX;
    for (int group = choice.cluster.group_of(place.first_gpu);
         group <= choice.cluster.group_of(place.end() - 1); ++group)
      blocks = std::min(
          blocks, model::kv_capacity(*place.deployment, choice.cluster.node(group).gpu).blocks_of_a_call);
    const auto capacity = static_cast<uint64_t>(blocks * place.deployment->engine.block_size);
    if (longest[p] <= capacity) continue;
    const std::string of = place.name.empty() ? "" : fmt::format(" of '{}'", place.name);
    throw ConfigError(std::vector<Diagnostic>{
        {Place{scenario.file, 0, 0, 1, ""},
         fmt::format("the longest call{} has {} tokens, but a replica on '{}' caches {}", of, longest[p],
                     choice.label, capacity),
         "",
         {},
         "raise deployment.tp, or use fp8 for deployment.precision.kv"}});
  }
}

std::vector<workload::ResourceSpec> resources_of(const Scenario& scenario, const workload::PlanNames& names) {
  std::vector<std::string> valid;
  for (const auto& [name, spec] : scenario.resources) valid.push_back(name);
  std::vector<workload::ResourceSpec> specs;
  Diagnostics diagnostics;
  for (const std::string& name : names.resources) {
    const auto found = scenario.resources.find(name);
    if (found == scenario.resources.end())
      diagnostics.add({Place{scenario.file, 0, 0, 1, ""},
                       fmt::format("a tool runs on the resource '{}', which 'resources' lacks", name),
                       nearest(name, valid), valid, ""});
    else
      specs.push_back(found->second);
  }
  diagnostics.throw_if_any();
  return specs;
}

RunFacts simulate(const Scenario& scenario, const PlatformChoice& choice, uint64_t seed,
                  serving::Observer& observer, const Progress& progress) {
  return Run(scenario, choice, seed, observer, progress).run();
}

uint64_t replication_seed(int64_t seed, int64_t replication) {
  const auto own = static_cast<uint64_t>(seed);
  return replication == 0 ? own : mix64(own ^ mix64(static_cast<uint64_t>(replication)));
}

}  // namespace agentsim
