#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.hpp"
#include "sim/config/value.hpp"

namespace agentsim::sweep {

// One value of an axis.
struct Level {
  config::Value value;           // as the scenario takes it
  std::string label;             // for people and for columns of words
  std::optional<double> number;  // in base units, if the axis is one of quantities
};

// From one number to another, both in the same unit.
struct Range {
  double from = 0.0, to = 0.0;
  std::string unit;
  int64_t steps = 0;
  bool is_log = false;
  bool is_whole = false;
  config::Value at;  // for places

  Level level(double share) const;  // 0: from, 1: to
};

// What one path of the scenario takes in turn.
class Axis {
 public:
  // An entry of `axes`: {path: P} with one of `values` (a list, or a map of labels), `range`, `log`, `files`.
  // Reports mistakes.
  static Axis read(const std::string& name, const config::Value& map, Diagnostics& diagnostics);

  const std::string& name() const { return name_; }
  const config::Value& path() const { return path_; }
  std::optional<Dimension> dimension() const { return dimension_; }
  // The name, and the base unit of the quantities: "rate_per_s".
  std::string column() const;

  // Of a grid: all values, or the steps of the range.
  std::vector<Level> grid() const;
  // Of `count` equal slices of the axis: the value `within` (0 to 1) of slice `index`.
  Level slice(size_t index, size_t count, double within) const;
  // A quantity or label of this axis, as filters write it; nothing: it is none.
  std::optional<double> quantity(const std::string& text) const;

 private:
  void read_values(const config::Value& values, Diagnostics& diagnostics);
  void read_range(const config::Value& map, bool is_log, Diagnostics& diagnostics);
  void read_files(const config::Value& pattern, Diagnostics& diagnostics);
  void find_dimension();

  std::string name_;
  config::Value path_;
  std::vector<Level> levels_;
  std::optional<Range> range_;
  std::optional<Dimension> dimension_;
};

}  // namespace agentsim::sweep
