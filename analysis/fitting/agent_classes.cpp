#include "analysis/fitting/agent_classes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/fitting/curve.hpp"
#include "analysis/fitting/role_fit.hpp"

namespace agentsim::fitting {
namespace {

constexpr size_t kFigures = 4;
constexpr std::array<const char*, kFigures> kNames{"calls", "first prompt", "longest prompt",
                                                   "new tokens a call"};
constexpr std::array<double, kFigures> kWeights{1.0, 1.0, 2.0, 1.0};

struct Point {
  std::array<double, kFigures> log{};
  std::array<double, kFigures> scaled{};
  double weight = 1.0;
};

// Sums from which the weighted variance of some points follows.
struct Sums {
  double weight = 0.0;
  std::array<double, kFigures> first{}, second{};

  void add(const Point& point, double sign = 1.0) {
    weight += sign * point.weight;
    for (size_t k = 0; k < kFigures; ++k) {
      first[k] += sign * point.weight * point.scaled[k];
      second[k] += sign * point.weight * point.scaled[k] * point.scaled[k];
    }
  }
  double spread() const {
    double sum = 0.0;
    for (size_t k = 0; k < kFigures; ++k) sum += second[k] - first[k] * first[k] / weight;
    return sum;
  }
};

struct Split {
  double gain = 0.0;
  size_t figure = 0;
  double at = 0.0;
  std::vector<size_t> low, high;
};

std::vector<Point> points_of(const std::vector<const AgentFacts*>& agents) {
  std::vector<Point> points;
  for (const AgentFacts* agent : agents) {
    Point& point = points.emplace_back();
    const double calls = static_cast<double>(agent->calls.size());
    double sum = 0.0, count = 0.0;
    for (const Growth& growth : growths_of(*agent)) {
      sum += growth.tokens;
      ++count;
    }
    point.log = {std::log(calls), std::log(agent->calls.front().prompt_tokens),
                 std::log(agent->longest_prompt()), std::log(1.0 + sum / std::max(count, 1.0))};
    point.weight = std::sqrt(calls);
  }
  for (size_t k = 0; k < kFigures; ++k) {
    double weight = 0.0, mean = 0.0, variance = 0.0;
    for (const Point& p : points) weight += p.weight, mean += p.weight * p.log[k];
    mean /= weight;
    for (const Point& p : points) variance += p.weight * (p.log[k] - mean) * (p.log[k] - mean) / weight;
    const double scale = variance > 0.0 ? kWeights[k] / std::sqrt(variance) : 0.0;
    for (Point& p : points) p.scaled[k] = scale * (p.log[k] - mean);
  }
  return points;
}

Split best_split(const std::vector<Point>& points, const std::vector<size_t>& members, size_t least) {
  Split best;
  Sums all;
  for (const size_t i : members) all.add(points[i]);
  for (size_t k = 0; k < kFigures; ++k) {
    std::vector<size_t> order = members;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return points[a].log[k] < points[b].log[k]; });
    Sums low, high = all;
    for (size_t n = 1; n < order.size(); ++n) {
      low.add(points[order[n - 1]]);
      high.add(points[order[n - 1]], -1.0);
      const double here = points[order[n - 1]].log[k], next = points[order[n]].log[k];
      if (n < least || order.size() - n < least || here == next) continue;
      const double gain = all.spread() - low.spread() - high.spread();
      if (gain <= best.gain * (1.0 + 1e-12)) continue;
      const auto middle = order.begin() + static_cast<std::ptrdiff_t>(n);
      best = {gain, k, std::exp((here + next) / 2.0), {order.begin(), middle}, {middle, order.end()}};
    }
  }
  return best;
}

// A later bound of a figure is the narrower one.
AgentClass part_of(const AgentClass& whole, const Split& split, bool is_low) {
  AgentClass part{whole.bounds, is_low ? split.low : split.high};
  const std::string side = fmt::format("{} {}", kNames[split.figure], is_low ? "<=" : ">");
  part.bounds[side] = std::round(split.at);
  return part;
}

}  // namespace

std::string AgentClass::description() const {
  std::string out;
  for (const auto& [side, bound] : bounds)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", side, short_number(bound));
  return out;
}

std::vector<AgentClass> split_agents(const std::vector<const AgentFacts*>& agents, size_t most,
                                     size_t least) {
  const std::vector<Point> points = points_of(agents);
  std::vector<AgentClass> classes(1);
  for (size_t i = 0; i < agents.size(); ++i) classes.front().members.push_back(i);
  std::vector<Split> splits{best_split(points, classes.front().members, least)};
  while (classes.size() < most) {
    const auto next = std::max_element(splits.begin(), splits.end(),
                                       [](const Split& a, const Split& b) { return a.gain < b.gain; });
    if (next->gain <= 0.0) break;
    const Split split = *next;
    const auto at = next - splits.begin();
    const AgentClass before = classes[static_cast<size_t>(at)];
    classes[static_cast<size_t>(at)] = part_of(before, split, true);
    classes.insert(classes.begin() + at + 1, part_of(before, split, false));
    splits[static_cast<size_t>(at)] = best_split(points, split.low, least);
    splits.insert(splits.begin() + at + 1, best_split(points, split.high, least));
  }
  for (AgentClass& entry : classes) std::sort(entry.members.begin(), entry.members.end());
  return classes;
}

}  // namespace agentsim::fitting
