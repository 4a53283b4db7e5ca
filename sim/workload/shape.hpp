#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sim/base/random_stream.hpp"
#include "sim/base/registry.hpp"
#include "sim/base/units.hpp"
#include "sim/workload/options.hpp"

namespace agentsim::workload {

// A kind of distribution under its YAML name. Draws are >= 0; they use Boost.Random, which gives the same
// numbers with every standard library.
class Shape : public Options {
 public:
  virtual double draw(RandomStream& random) const = 0;
  virtual std::optional<double> mean() const = 0;

  // Reads what stands behind the kind's name. False if something was reported.
  virtual bool read(const config::Value& value, const std::string& kind, Diagnostics& diagnostics);
  virtual config::Dumper::Json dump();

 protected:
  // Checks what the parameters owe each other and derives the rest. They are right one by one.
  virtual void settle(config::Reader& /*reader*/) {}
};

// The argument is what the drawn values measure.
using Shapes = Registry<Shape, Dimension>;

// Registers the shape T, made from its dimension, under a YAML name.
template <class T>
Shapes::Entry shape_entry(const std::string& name, const std::string& help) {
  return Shapes::Entry(name, help, [](Dimension dimension) { return std::make_unique<T>(dimension); });
}

}  // namespace agentsim::workload
