#include "sim/model/expert_load.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "sim/base/hash.hpp"
#include "sim/base/units.hpp"

namespace agentsim::model {
namespace {

// Visits of each expert.
std::vector<double> power_law(double tokens, double visits, size_t experts, double exponent) {
  const bool crowded = visits > static_cast<double>(experts);
  const double low = crowded ? 1.0 : 0.01;
  const double high = crowded ? 0.8 * tokens : 2.0;
  const double power = 1.0 - exponent;
  const double from = std::pow(low, power), to = std::pow(high, power);
  std::vector<double> sorted(experts);
  for (size_t i = 0; i < experts; ++i) {
    const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(experts);
    sorted[i] = std::pow(from + (to - from) * share, 1.0 / power);
  }
  const double sum = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  std::vector<size_t> order(experts);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [](size_t a, size_t b) { return mix64(a) < mix64(b); });
  std::vector<double> loads(experts);
  for (size_t i = 0; i < experts; ++i) loads[i] = std::round(sorted[order[i]] / sum * visits);

  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return loads[a] < loads[b]; });
  auto missing = std::llround(visits - std::accumulate(loads.begin(), loads.end(), 0.0));
  for (size_t i = 0; missing > 0; ++i, --missing) loads[order[i % experts]] += 1.0;
  for (size_t i = 0; missing < 0; ++i) {
    double& load = loads[order[experts - 1 - i % experts]];
    if (load <= 0.0) continue;
    load -= 1.0;
    ++missing;
  }
  return loads;
}

}  // namespace

ExpertLoad expert_load(const MeasuredMoE& row) {
  const double visits = row.tokens * row.topk;
  const double here = row.experts / row.ep;  // experts of a GPU
  if (row.distribution == "balanced") {
    const double rows = std::max(1.0, visits / row.ep);
    return {rows, std::min(here, rows)};
  }
  const double exponent =
      parse_number(row.distribution.substr(row.distribution.rfind('_') + 1)).value_or(1.01);
  const std::vector<double> loads = power_law(row.tokens, visits, static_cast<size_t>(row.experts), exponent);
  ExpertLoad busiest;
  const auto width = static_cast<ptrdiff_t>(here);
  for (auto first = loads.begin(); loads.end() - first >= width; first += width) {
    const double rows = std::accumulate(first, first + width, 0.0);
    if (rows <= busiest.rows) continue;
    busiest.rows = rows;
    busiest.touched =
        static_cast<double>(std::count_if(first, first + width, [](double n) { return n > 0.0; }));
  }
  return busiest;
}

MoEShape shape_of(const MeasuredMoE& row) {
  const ExpertLoad load =
      row.touched > 0.0 ? ExpertLoad{row.tokens * row.topk, row.touched} : expert_load(row);
  MoEShape shape;
  shape.hidden = row.hidden;
  shape.inter = row.inter / row.tp;
  shape.experts = row.experts / row.ep;
  shape.topk = load.rows / row.tokens;
  shape.touched = load.touched;
  shape.dtype = row.dtype;
  shape.visits = row.topk;
  shape.is_repeated = true;
  shape.is_older = !row.is_newer;
  return shape;
}

}  // namespace agentsim::model
