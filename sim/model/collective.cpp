#include "sim/model/collective.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sim/config/library.hpp"

namespace agentsim::model {
namespace {

// Hops and wire bytes per byte of payload of a form over n GPUs.
std::pair<double, double> hops_and_traffic(const std::string& form, double n) {
  if (form == "one_shot") return {n - 1, n - 1};
  if (form == "two_shot") return {n - 1, 2 * (n - 1) / n};
  if (form == "nvls") return {n - 1, 1.0};
  return {2 * (n - 1), 2 * (n - 1) / n};
}

}  // namespace

Protocols load_protocols(const std::string& collective_class) {
  const std::string path = (config::Library::root() / "platforms" / "collectives.yaml").string();
  const config::Value book = config::Value::load(path);
  Diagnostics diagnostics;
  Protocols protocols;
  const config::Value* classes = book.find("classes");
  const config::Value* wanted = classes != nullptr ? classes->find(collective_class) : nullptr;
  if (wanted == nullptr) {
    Diagnostic d = book.mistake(fmt::format("unknown collective class '{}'", collective_class));
    if (classes != nullptr)
      for (const auto& [key, value] : classes->entries()) d.valid.push_back(key.scalar());
    throw ConfigError({d});
  }
  bool any_size = false;
  for (const auto& [key, value] : wanted->entries()) {
    Protocol& protocol = protocols[key.scalar()];
    config::read_map(value, fmt::format("'{}'", key.scalar()), protocol, diagnostics);
    any_size = any_size || protocol.form == "ring";
  }
  if (!any_size) diagnostics.add(wanted->mistake(fmt::format("the class '{}' lacks a protocol of form ring", collective_class)));
  diagnostics.throw_if_any();
  return protocols;
}

CollectiveGroup::CollectiveGroup(const platform::Cluster& cluster, std::vector<int> gpus, Protocols protocols)
    : gpus_(std::move(gpus)), protocols_(std::move(protocols)), rate_(std::numeric_limits<double>::infinity()) {
  if (gpus_.size() < 2) return;
  std::map<int, int> crossings;
  for (size_t i = 0; i < gpus_.size(); ++i) {
    const int source = gpus_[i];
    const int target = gpus_[(i + 1) % gpus_.size()];
    const platform::Route route = cluster.gpu_route(source, target);
    if (route.path_class == platform::PathClass::none)
      throw ConfigError(fmt::format("gpu {} and gpu {} of one replica have no path: their nodes lack a NIC", source, target));
    for (const int link : route.links) ++crossings[link];
  }
  crossings_.assign(crossings.begin(), crossings.end());
  // All flows of a ring carry the same bytes at the same time, so the narrowest share is the rate of all.
  for (const auto& [link, count] : crossings_) rate_ = std::min(rate_, cluster.link_bytes_per_s(link) / count);
}

CollectiveCost CollectiveGroup::all_reduce(double bytes) const {
  const auto n = static_cast<double>(gpus_.size());
  if (gpus_.size() < 2 || bytes <= 0.0) return {};
  CollectiveCost best;
  double best_s = std::numeric_limits<double>::infinity();
  for (const auto& [name, protocol] : protocols_) {
    if (bytes < protocol.min_bytes || bytes >= protocol.max_bytes) continue;
    if (size() < protocol.min_gpus || size() > protocol.max_gpus) continue;
    const auto [hops, traffic] = hops_and_traffic(protocol.form, n);
    const CollectiveCost cost{protocol.base_s + hops * protocol.hop_s, traffic * bytes / protocol.efficiency,
                              traffic * bytes};
    if (cost.seconds(rate_) < best_s) {
      best_s = cost.seconds(rate_);
      best = cost;
    }
  }
  return best;
}

CollectiveCost CollectiveGroup::all_gather(double bytes) const {
  CollectiveCost cost = all_reduce(bytes);
  if (cost.wire_bytes <= 0.0) return cost;
  const auto n = static_cast<double>(gpus_.size());
  const double wire = (n - 1) / n * bytes;
  cost.burst_bytes *= wire / cost.wire_bytes;
  cost.wire_bytes = wire;
  return cost;
}

}  // namespace agentsim::model
