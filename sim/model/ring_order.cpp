#include "sim/model/ring_order.hpp"

#include <algorithm>
#include <cmath>

namespace agentsim::model {
namespace {

// The distances of all pairs. One class further away is worse than any number of steps of the class before.
class Distances {
 public:
  Distances(const platform::Cluster& cluster, const std::vector<int>& gpus) : size_(gpus.size()) {
    for (const int a : gpus) {
      for (const int b : gpus) {
        const platform::Route route = cluster.gpu_route(a, b);
        const double crossing = std::pow(1e3, static_cast<double>(route.path_class));
        by_pair_.push_back(crossing * (1.0 + 1e-3 * static_cast<double>(route.links.size())));
      }
    }
  }
  double operator()(size_t a, size_t b) const { return by_pair_[a * size_ + b]; }

 private:
  size_t size_;
  std::vector<double> by_pair_;
};

std::vector<size_t> nearest_first(const Distances& distance, size_t count) {
  std::vector<size_t> left;
  for (size_t i = 1; i < count; ++i) left.push_back(i);
  std::vector<size_t> ring{0};
  while (!left.empty()) {
    const size_t last = ring.back();
    const auto next = std::min_element(
        left.begin(), left.end(), [&](size_t a, size_t b) { return distance(last, a) < distance(last, b); });
    ring.push_back(*next);
    left.erase(next);
  }
  return ring;
}

// 2-opt: one pass over all pieces; true if the ring got shorter.
bool turn_pieces(const Distances& distance, std::vector<size_t>& ring) {
  bool shorter = false;
  const size_t n = ring.size();
  for (size_t i = 1; i + 1 < n; ++i) {
    for (size_t j = i + 1; j < n; ++j) {
      const size_t after = ring[(j + 1) % n];
      const double now = distance(ring[i - 1], ring[i]) + distance(ring[j], after);
      const double then = distance(ring[i - 1], ring[j]) + distance(ring[i], after);
      if (then >= now * (1.0 - 1e-9)) continue;
      std::reverse(ring.begin() + static_cast<std::ptrdiff_t>(i),
                   ring.begin() + static_cast<std::ptrdiff_t>(j) + 1);
      shorter = true;
    }
  }
  return shorter;
}

}  // namespace

std::vector<int> ring_order(const platform::Cluster& cluster, std::vector<int> gpus) {
  std::sort(gpus.begin(), gpus.end());
  if (gpus.size() < 3) return gpus;
  const Distances distance(cluster, gpus);
  std::vector<size_t> ring = nearest_first(distance, gpus.size());
  while (turn_pieces(distance, ring)) {
  }
  std::vector<int> ordered;
  for (const size_t i : ring) ordered.push_back(gpus[i]);
  return ordered;
}

}  // namespace agentsim::model
