#include "sim/model/replica_links.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace agentsim::model {
namespace {

std::vector<int> neighbours(int first, int count) {
  std::vector<int> gpus;
  for (int i = 0; i < count; ++i) gpus.push_back(first + i);
  return gpus;
}

using Group = std::shared_ptr<const CollectiveGroup>;

const Group& slowest(const std::vector<Group>& groups) {
  return *std::min_element(groups.begin(), groups.end(),
                           [](const Group& a, const Group& b) { return a->rate() < b->rate(); });
}

}  // namespace

ReplicaLinks::ReplicaLinks(const platform::Cluster& cluster, const Deployment& d, int first_gpu)
    : ReplicaLinks(cluster, d, first_gpu,
                   load_protocols(cluster.node(cluster.group_of(first_gpu)).collective_class),
                   load_protocols("network")) {}

ReplicaLinks::ReplicaLinks(const platform::Cluster& cluster, const Deployment& d, int first_gpu,
                           const Protocols& inside, const Protocols& network) {
  rates_.values.fill(std::numeric_limits<double>::infinity());
  const auto make = [&](int first, int64_t count) {
    const bool several = cluster.node_of(first) != cluster.node_of(first + static_cast<int>(count) - 1);
    return std::make_shared<const CollectiveGroup>(cluster, neighbours(first, static_cast<int>(count)),
                                                   inside, several ? network : Protocols{});
  };
  std::vector<Group> stages, attention;
  const int64_t sharers = d.tp / d.dp_attention;
  for (int64_t s = 0; s < d.pp; ++s) {
    const int first = first_gpu + static_cast<int>(s * d.tp);
    stages.push_back(make(first, d.tp));
    for (int64_t g = 0; d.dp_attention > 1 && g < d.dp_attention; ++g)
      attention.push_back(make(first + static_cast<int>(g * sharers), sharers));
  }
  stage_ = slowest(stages);
  const auto crossings = [](const std::vector<Group>& groups) {
    std::vector<const Crossings*> parts;
    for (const Group& group : groups) parts.push_back(&group->crossings());
    return parts;
  };
  set_lane(cluster, Lane::tensor, crossings(stages));
  if (!attention.empty()) {
    attention_ = slowest(attention);
    set_lane(cluster, Lane::attention, crossings(attention));
  }
  if (d.exchanges_tokens()) {
    std::vector<Crossings> exchanges;
    for (const Group& stage : stages) exchanges.push_back(stage->exchange_crossings(cluster));
    std::vector<const Crossings*> parts;
    for (const Crossings& exchange : exchanges) parts.push_back(&exchange);
    set_lane(cluster, Lane::expert, parts);
    std::vector<std::pair<int, int>> fan;
    for (int to = first_gpu + 1; to < first_gpu + static_cast<int>(d.tp); ++to)
      fan.emplace_back(first_gpu, to);
    one_sender_rate_ = std::numeric_limits<double>::infinity();
    for (const auto& [link, count] : CollectiveGroup::crossings_of(cluster, fan))
      one_sender_rate_ = std::min(one_sender_rate_, cluster.link_bytes_per_s(link) / count);
  }
  if (d.pp > 1) {
    const int last = first_gpu + static_cast<int>(d.gpus()) - 1;
    add_pipeline(cluster, d, first_gpu);
    const double rate = rates_[Lane::pipeline];
    to_next_stage_ = ProtocolChoice(cluster.node_of(first_gpu) == cluster.node_of(last) ? inside : network,
                                    Collective::p2p, 2, {rate, rate});
  }
}

void ReplicaLinks::set_lane(const platform::Cluster& cluster, Lane lane,
                            const std::vector<const Crossings*>& parts) {
  std::map<int, int> sum;
  for (const Crossings* part : parts)
    for (const auto& [link, count] : *part) sum[link] += count;
  lanes_[static_cast<size_t>(lane)].assign(sum.begin(), sum.end());
  for (const auto& [link, count] : sum)
    rates_[lane] = std::min(rates_[lane], cluster.link_bytes_per_s(link) / count);
}

void ReplicaLinks::add_pipeline(const platform::Cluster& cluster, const Deployment& d, int first_gpu) {
  std::vector<std::pair<int, int>> pairs;
  const auto tp = static_cast<int>(d.tp);
  for (int from = first_gpu; from < first_gpu + static_cast<int>(d.gpus()) - tp; ++from)
    pairs.emplace_back(from, from + tp);
  const Crossings crossings = CollectiveGroup::crossings_of(cluster, pairs);
  set_lane(cluster, Lane::pipeline, {&crossings});
}

CollectiveCost ReplicaLinks::all_to_all(double mean_bytes, double most_bytes) const {
  // Of the group it is stated for the rings and counts what leaves a GPU; a lane counts one flow.
  CollectiveCost cost = stage_->all_to_all(mean_bytes);
  if (cost.burst_bytes == 0.0) return cost;
  const double shared_s = mean_bytes / stage_->exchange_rate();
  const double own_s = most_bytes / one_sender_rate_;
  cost.burst_bytes *= stage_->exchange_rate() / stage_->rate() * std::max(1.0, own_s / shared_s);
  cost.wire_bytes /= stage_->size() - 1;
  return cost;
}

CollectiveCost ReplicaLinks::send(double bytes) const {
  return to_next_stage_.cost(bytes);
}

}  // namespace agentsim::model
