#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sim/base/random_stream.hpp"
#include "sim/base/units.hpp"
#include "sim/config/dumper.hpp"
#include "sim/config/value.hpp"

namespace agentsim::workload {

class Shape;

// A random number >= 0 of one dimension: counts and tokens have none, durations are in seconds. In YAML it is
// a bare value ("3 s") or a map with one kind, and limits to which draws outside are moved (clamped, not
// redrawn):
//   {lognormal: {median: 705, p90: 4064}, min: 1, max: 60000}
class Distribution {
 public:
  explicit Distribution(double constant = 0.0, Dimension dimension = Dimension::number);

  double draw(RandomStream& random) const;
  // A draw rounded to a whole number of at least `low` and at most 2^30.
  uint32_t draw_count(RandomStream& random, uint32_t low = 0) const;
  // Nothing where there is no closed form: with limits that are not a constant's, or with an infinite mean.
  std::optional<double> mean() const;
  Dimension dimension() const { return dimension_; }
  bool is_constant() const { return kind_ == "constant"; }

  // The dimension of `out` says what units the values have.
  friend void parse(const config::Value& value, Distribution& out, Diagnostics& diagnostics);
  friend config::Dumper::Json dump_json(const Distribution& distribution);

 private:
  Dimension dimension_;
  std::string kind_ = "constant";
  std::shared_ptr<Shape> shape_;  // never changed once read, so copies share it
  std::optional<double> min_;
  std::optional<double> max_;
};

void parse(const config::Value& value, Distribution& out, Diagnostics& diagnostics);
config::Dumper::Json dump_json(const Distribution& distribution);

}  // namespace agentsim::workload
