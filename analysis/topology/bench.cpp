#include "analysis/topology/bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "sim/base/units.hpp"
#include "sim/model/collective.hpp"

namespace agentsim::topology {
namespace {

constexpr double kFirst = 1024.0;  // bytes
constexpr double kLast = 1024.0 * 1024 * 1024;

template <class Seconds>
void add_sizes(const std::string& operation, const std::string& where, double bus_factor, Seconds seconds,
               std::vector<BenchRow>& rows) {
  for (double bytes = kFirst; bytes <= kLast; bytes *= 4.0) {
    const double time_s = seconds(bytes);
    rows.push_back({operation, where, bytes, time_s, bytes / time_s, bytes / time_s * bus_factor});
  }
}

void add_pairs(const platform::Cluster& cluster, std::vector<BenchRow>& rows) {
  std::set<platform::PathClass> seen;
  const int to_try = std::min(cluster.gpu_count(), cluster.gpus_per_node() + 1);
  for (int target = 1; target < to_try; ++target) {
    const platform::Route route = cluster.gpu_route(0, target);
    if (route.path_class == platform::PathClass::none || !seen.insert(route.path_class).second) continue;
    add_sizes(
        "p2p", fmt::format("{} 0>{}", platform::short_name(route.path_class), target), 1.0,
        [&](double bytes) { return route.latency_s + bytes / route.bytes_per_s; }, rows);
  }
}

}  // namespace

std::vector<BenchRow> bench(const platform::Cluster& cluster) {
  std::vector<BenchRow> rows;
  add_pairs(cluster, rows);
  const model::Protocols protocols = model::load_protocols(cluster.node().collective_class);
  const int largest = cluster.gpus_per_node() * std::min(2, cluster.nodes_in(0));
  for (int size = 2; size <= largest; size *= 2) {
    std::vector<int> gpus(static_cast<size_t>(size));
    std::iota(gpus.begin(), gpus.end(), 0);
    const bool several_nodes = size > cluster.gpus_per_node();
    const model::CollectiveGroup group(cluster, gpus, protocols,
                                       several_nodes ? model::load_protocols("network") : model::Protocols{});
    const std::string where = fmt::format("{} GPUs", size);
    const double share = (size - 1.0) / size;
    const auto add = [&](const char* name, double bus_factor, auto collective) {
      const auto seconds = [&](double bytes) { return (group.*collective)(bytes).seconds(group.rate()); };
      add_sizes(name, where, bus_factor, seconds, rows);
    };
    add("all_reduce", 2.0 * share, &model::CollectiveGroup::all_reduce);
    add("all_gather", share, &model::CollectiveGroup::all_gather);
    add("reduce_scatter", share, &model::CollectiveGroup::reduce_scatter);
    add("all_to_all", share, &model::CollectiveGroup::all_to_all);
  }
  return rows;
}

std::string table(const std::vector<BenchRow>& rows) {
  std::string text;
  std::string before;
  for (const BenchRow& row : rows) {
    const std::string title = row.operation + ", " + row.where;
    if (title != before)
      text += fmt::format("{}# {}\n{:>12} {:>12} {:>12} {:>12}\n", before.empty() ? "" : "\n", title,
                          "size (B)", "time (us)", "algbw (GB/s)", "busbw (GB/s)");
    before = title;
    text += fmt::format("{:>12.0f} {:>12.2f} {:>12.2f} {:>12.2f}\n", row.bytes, row.time_s * 1e6,
                        row.algbw_bytes_per_s / 1e9, row.busbw_bytes_per_s / 1e9);
  }
  return text;
}

nlohmann::ordered_json to_json(const std::vector<BenchRow>& rows) {
  auto json = nlohmann::ordered_json::array();
  for (const BenchRow& row : rows)
    json.push_back({{"operation", row.operation},
                    {"where", row.where},
                    {"bytes", row.bytes},
                    {"time_s", row.time_s},
                    {"algbw_bytes_per_s", row.algbw_bytes_per_s},
                    {"busbw_bytes_per_s", row.busbw_bytes_per_s}});
  return json;
}

}  // namespace agentsim::topology
