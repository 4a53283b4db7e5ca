#include "analysis/fitting/threshold.hpp"

#include <algorithm>
#include <set>

namespace agentsim::fitting {
namespace {

constexpr size_t kMostKnots = 16;
constexpr double kStep = 1e-4;  // between the last length seen and `longest`

}  // namespace

Curve threshold_of(const std::vector<GrowingSpan>& spans, double longest) {
  std::set<double> lengths;
  for (const GrowingSpan& span : spans)
    if (span.is_compacted) lengths.insert(span.to);
  std::vector<std::pair<double, double>> steps;  // P(threshold <= length), length
  double left = 1.0;
  for (const double length : lengths) {
    double at_risk = 0.0, compacted = 0.0;
    for (const GrowingSpan& span : spans) {
      if (span.from >= length && !(span.from == length && span.to == length)) continue;
      if (span.to >= length) ++at_risk;
      if (span.to == length && span.is_compacted) ++compacted;
    }
    if (at_risk > 0.0) left *= 1.0 - compacted / at_risk;
    steps.emplace_back(1.0 - left, length);
  }
  if (steps.empty()) return Curve(longest);
  std::vector<std::pair<double, double>> knots{{0.0, steps.front().second}};
  const double reached = steps.back().first;
  const auto wanted = static_cast<double>(std::min(kMostKnots, steps.size()));
  for (double i = 1.0; i <= wanted; ++i) {
    const double level = reached * i / wanted;
    const auto step = std::find_if(steps.begin(), steps.end(),
                                   [&](const auto& s) { return s.first >= level * (1.0 - 1e-12); });
    if (level > knots.back().first) knots.emplace_back(std::min(level, 1.0), step->second);
  }
  if (reached + kStep < 1.0) {
    knots.emplace_back(reached + kStep, std::max(longest, knots.back().second));
    knots.emplace_back(1.0, knots.back().second);
  } else {
    knots.back().first = 1.0;
  }
  return Curve::through(std::move(knots));
}

}  // namespace agentsim::fitting
