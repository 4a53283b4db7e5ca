#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/sweep/axis.hpp"

namespace agentsim::sweep {

// What a filter sees of a point: the level of an axis, and for the number of axes itself the platform.
using LevelOf = std::function<const Level&(size_t axis)>;

// Which points of a design are run: an entry of `only` or `skip`, a map from axes (or `platform`) to
// conditions that all have to hold. A condition is a value, a list of values, or a comparison: "< 4", ">=
// 2/s",
// "!= random"; the other side may be another axis: "<= tp".
class Filter {
 public:
  // Reports mistakes.
  static Filter read(const config::Value& map, const std::vector<Axis>& axes, Diagnostics& diagnostics);
  bool holds(const LevelOf& level) const;

 private:
  struct Condition {
    size_t axis = 0;
    std::string comparison = "==";
    std::vector<Level> values;         // any of them
    std::optional<size_t> other = {};  // an axis instead
  };
  std::vector<Condition> conditions_;
};

}  // namespace agentsim::sweep
