#include "analysis/sweep/design.hpp"

#include <fmt/format.h>

#include <boost/random/uniform_int_distribution.hpp>
#include <numeric>
#include <utility>

#include "sim/base/random_stream.hpp"

namespace agentsim::sweep {
namespace {

constexpr size_t kMostRows = 10'000'000;

Design grid(const SweepSpec& spec) {
  Design design;
  for (const Axis& axis : spec.axes) design.pools.push_back(axis.grid());
  size_t count = 1;
  for (const auto& group : spec.groups) {
    count *= design.pools[group.front()].size();
    if (count > kMostRows)
      throw ConfigError(fmt::format("{}: the grid has more than {} settings", spec.file, kMostRows));
  }
  design.rows.reserve(count);
  for (size_t row = 0; row < count; ++row) {
    std::vector<uint32_t> places(spec.axes.size());
    size_t rest = row;
    for (size_t g = spec.groups.size(); g-- > 0;) {
      const size_t levels = design.pools[spec.groups[g].front()].size();
      for (const size_t axis : spec.groups[g]) places[axis] = static_cast<uint32_t>(rest % levels);
      rest /= levels;
    }
    design.rows.push_back(std::move(places));
  }
  return design;
}

Design latin_hypercube(const SweepSpec& spec) {
  const auto count = static_cast<size_t>(spec.latin.points);
  Design design;
  design.pools.resize(spec.axes.size());
  design.rows.assign(count, std::vector<uint32_t>(spec.axes.size()));
  for (const auto& group : spec.groups) {
    // A stream of its own by name, so that one more axis does not move the samples of the others.
    RandomStream stream(static_cast<uint64_t>(spec.latin.seed), spec.axes[group.front()].name());
    std::vector<size_t> slices(count);
    std::iota(slices.begin(), slices.end(), size_t{0});
    for (size_t i = count; i-- > 1;)
      std::swap(slices[i], slices[boost::random::uniform_int_distribution<size_t>(0, i)(stream.engine())]);
    for (size_t row = 0; row < count; ++row) {
      const double within = stream.uniform();
      for (const size_t axis : group) {
        design.pools[axis].push_back(spec.axes[axis].slice(slices[row], count, within));
        design.rows[row][axis] = static_cast<uint32_t>(row);
      }
    }
  }
  return design;
}

}  // namespace

Design draw(const SweepSpec& spec) {
  return spec.latin.points > 0 ? latin_hypercube(spec) : grid(spec);
}

}  // namespace agentsim::sweep
