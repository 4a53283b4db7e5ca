#include "sim/platform/max_min.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace agentsim::platform {
namespace {

struct Link {
  double left = 0.0;      // bytes/s that no settled flow uses
  int crossings = 0;      // by flows that still grow
  std::vector<int> used;  // flow indices, once for each crossing
  double share() const {
    return crossings > 0 ? std::max(0.0, left) / crossings : std::numeric_limits<double>::infinity();
  }
};

}  // namespace

std::vector<double> max_min_rates(const std::vector<std::vector<int>>& flows,
                                  const std::function<double(int)>& capacity) {
  std::map<int, Link> links;
  for (size_t f = 0; f < flows.size(); ++f) {
    for (const int link : flows[f]) {
      Link& at = links[link];
      if (at.crossings++ == 0) at.left = capacity(link);
      at.used.push_back(static_cast<int>(f));
    }
  }
  std::vector<double> rates(flows.size(), std::numeric_limits<double>::infinity());
  std::vector<bool> settled(flows.size(), false);
  while (true) {
    const auto fullest = std::min_element(links.begin(), links.end(), [](const auto& a, const auto& b) {
      return a.second.share() < b.second.share();
    });
    if (fullest == links.end() || fullest->second.crossings == 0) return rates;
    const double share = fullest->second.share();
    const std::vector<int> full = fullest->second.used;
    for (const int f : full) {
      const auto flow = static_cast<size_t>(f);
      if (settled[flow]) continue;
      settled[flow] = true;
      rates[flow] = share;
      for (const int link : flows[flow]) {
        links[link].left -= share;
        --links[link].crossings;
      }
    }
  }
}

}  // namespace agentsim::platform
