#include "sim/model/collective.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "sim/model/ring_order.hpp"
#include "sim/platform/max_min.hpp"

namespace agentsim::model {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// The GPUs by node, each in the order of the ring.
std::vector<std::vector<int>> by_node(const platform::Cluster& cluster, const std::vector<int>& gpus) {
  std::map<int, std::vector<int>> nodes;
  for (const int gpu : gpus) nodes[cluster.node_of(gpu)].push_back(gpu);
  std::vector<std::vector<int>> groups;
  for (const auto& [node, members] : nodes) groups.push_back(members);
  return groups;
}

// The first GPUs of all nodes, the second ones and so on; nothing if the nodes have different numbers of
// them.
std::vector<std::vector<int>> by_place(const std::vector<std::vector<int>>& nodes) {
  std::vector<std::vector<int>> rings(nodes.front().size());
  for (const std::vector<int>& members : nodes) {
    if (members.size() != rings.size()) return {};
    for (size_t place = 0; place < members.size(); ++place) rings[place].push_back(members[place]);
  }
  return rings;
}

double slowest(const std::vector<double>& rates) {
  return rates.empty() ? kUnlimited : *std::min_element(rates.begin(), rates.end());
}

using Pairs = std::vector<std::pair<int, int>>;

// From each GPU of a group to the next.
Pairs rings(const std::vector<std::vector<int>>& groups) {
  Pairs pairs;
  for (const std::vector<int>& group : groups)
    for (size_t i = 0; group.size() > 1 && i < group.size(); ++i)
      pairs.emplace_back(group[i], group[(i + 1) % group.size()]);
  return pairs;
}

// From each GPU of a group to all others.
Pairs exchanges(const std::vector<std::vector<int>>& groups) {
  Pairs pairs;
  for (const std::vector<int>& group : groups)
    for (const int from : group)
      for (const int to : group)
        if (from != to) pairs.emplace_back(from, to);
  return pairs;
}

std::vector<int> path(const platform::Cluster& cluster, int from, int to) {
  const platform::Route route = cluster.gpu_route(from, to);
  if (route.path_class == platform::PathClass::none)
    throw ConfigError(
        fmt::format("gpu {} and gpu {} of one replica have no path: their nodes lack a NIC", from, to));
  std::vector<int> links;
  for (const int link : route.links) {
    links.push_back(link);
    if (cluster.is_memory_link(link)) links.push_back(link ^ 1);  // the cable's other direction
  }
  return links;
}

}  // namespace

CollectiveGroup::CollectiveGroup(const platform::Cluster& cluster, std::vector<int> gpus, Protocols protocols,
                                 Protocols network)
    : gpus_(ring_order(cluster, std::move(gpus))),
      protocols_(std::move(protocols)),
      network_(std::move(network)),
      rate_(kUnlimited) {
  if (gpus_.size() < 2) return;
  find_tiers(cluster);
  find_pairs(cluster);
}

CollectiveGroup::Flows CollectiveGroup::flows(const platform::Cluster& cluster, const Pairs& pairs) {
  Flows flows;
  for (const auto& [from, to] : pairs) flows.push_back(path(cluster, from, to));
  const std::vector<int> limits = cluster.joint_limits(pairs);
  for (size_t f = 0; f < flows.size(); ++f)
    if (limits[f] >= 0) flows[f].push_back(limits[f]);
  return flows;
}

std::vector<double> CollectiveGroup::shares(const platform::Cluster& cluster, const Pairs& pairs) const {
  return platform::max_min_rates(flows(cluster, pairs),
                                 [&](int link) { return cluster.link_bytes_per_s(link); });
}

CollectiveGroup::Tier CollectiveGroup::tier(const platform::Cluster& cluster,
                                            const std::vector<std::vector<int>>& groups) const {
  return {static_cast<int>(groups.front().size()),
          {slowest(shares(cluster, rings(groups))), slowest(shares(cluster, exchanges(groups)))},
          {}};
}

void CollectiveGroup::find_tiers(const platform::Cluster& cluster) {
  const std::vector<std::vector<int>> nodes = by_node(cluster, gpus_);
  const std::vector<std::vector<int>> places = by_place(nodes);
  whole_ = tier(cluster, {gpus_});
  Pairs pairs;
  if (nodes.size() > 1 && !network_.empty() && !places.empty()) {
    inside_ = tier(cluster, nodes);
    across_ = tier(cluster, places);
    pairs = rings(nodes);
    const Pairs outer = rings(places);
    pairs.insert(pairs.end(), outer.begin(), outer.end());
  } else {
    (nodes.size() > 1 ? across_ : inside_) = whole_;
    pairs = rings({gpus_});
  }
  choose(inside_, protocols_);
  choose(across_, across());
  choose(whole_, across_.size > 1 ? across() : protocols_);
  crossings_ = crossings_of(cluster, pairs);
  for (const auto& [link, count] : crossings_)
    rate_ = std::min(rate_, cluster.link_bytes_per_s(link) / count);
}

std::vector<std::pair<int, int>> CollectiveGroup::crossings_of(const platform::Cluster& cluster,
                                                               const Pairs& pairs) {
  std::map<int, int> crossings;
  for (const std::vector<int>& flow : flows(cluster, pairs))
    for (const int link : flow) ++crossings[link];
  return {crossings.begin(), crossings.end()};
}

std::vector<std::pair<int, int>> CollectiveGroup::exchange_crossings(const platform::Cluster& cluster) const {
  return crossings_of(cluster, exchanges({gpus_}));
}

void CollectiveGroup::find_pairs(const platform::Cluster& cluster) {
  for (const int from : gpus_) {
    for (const int to : gpus_) {
      if (from == to)
        pairs_.emplace_back();
      else
        pairs_.push_back(
            {slowest(shares(cluster, {{from, to}})), cluster.node_of(from) == cluster.node_of(to)});
    }
  }
  for (const double rate : shares(cluster, exchanges({gpus_}))) exchange_total_ += rate;
}

void CollectiveGroup::choose(Tier& tier, const Protocols& protocols) {
  if (tier.size < 2) return;
  for (size_t i = 0; i < kCollectives; ++i)
    tier.choices[i] = ProtocolChoice(protocols, static_cast<Collective>(i), tier.size, tier.rates);
}

CollectiveCost CollectiveGroup::stated(CollectiveCost cost, double ring_rate) const {
  if (cost.burst_bytes > 0.0) cost.burst_bytes *= rate_ / ring_rate;
  return cost;
}

CollectiveCost CollectiveGroup::on(const Tier& tier, Collective collective, double bytes) const {
  return stated(tier.choices[static_cast<size_t>(collective)].cost(bytes), tier.rates.ring);
}

CollectiveCost CollectiveGroup::all_reduce(double bytes) const {
  if (across_.size == 1) return on(inside_, Collective::all_reduce, bytes);
  CollectiveCost cost = on(across_, Collective::all_reduce, bytes / inside_.size);
  cost += on(inside_, Collective::reduce_scatter, bytes);
  cost += on(inside_, Collective::all_gather, bytes);
  return cost;
}

CollectiveCost CollectiveGroup::gather_or_scatter(Collective collective, double bytes) const {
  CollectiveCost cost = on(inside_, collective, bytes);
  cost += on(across_, collective, bytes / inside_.size);
  return cost;
}

CollectiveCost CollectiveGroup::all_gather(double bytes) const {
  return gather_or_scatter(Collective::all_gather, bytes);
}

CollectiveCost CollectiveGroup::reduce_scatter(double bytes) const {
  return gather_or_scatter(Collective::reduce_scatter, bytes);
}

CollectiveCost CollectiveGroup::all_to_all(double bytes) const {
  return on(whole_, Collective::all_to_all, bytes);
}

CollectiveCost CollectiveGroup::p2p(int from, int to, double bytes) const {
  if (from == to) return {};
  const Pair& pair = pairs_.at(static_cast<size_t>(from) * gpus_.size() + static_cast<size_t>(to));
  return stated(
      cheapest(pair.same_node ? protocols_ : across(), Collective::p2p, bytes, 2, {pair.rate, pair.rate}),
      pair.rate);
}

}  // namespace agentsim::model
