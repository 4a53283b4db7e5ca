#pragma once

#include <string>
#include <vector>

#include "analysis/calibration/observation.hpp"
#include "sim/base/csv.hpp"
#include "sim/base/registry.hpp"
#include "sim/platform/accelerator.hpp"

namespace agentsim::fidelity {

// One measurement beside what the simulator says, both in the same unit: seconds, tokens/s or a ratio.
struct Row {
  std::string gpu;
  std::string op;
  std::string size;  // class of sizes; empty where there are none
  double predicted = 0.0;
  double measured = 0.0;
  std::string what = {};   // which of the rows it is, where that can be said
  bool is_fitted = false;  // a fit has read it, so it is no judge
};

// What the errors of a table are meant to reach, for each GPU and op by itself.
struct Target {
  double median = 0.0;           // |predicted / measured - 1|
  double p90 = 0.0;              // 0: none
  std::vector<std::string> ops;  // those that begin with one of these; empty: all
};

// Measurements that the simulator cannot be asked for.
struct LeftOut {
  std::string what;
  std::string reason;
  size_t rows = 0;
};

// One kind of measured table of the validation book. One .cpp a kind, which registers itself.
class Table {
 public:
  virtual ~Table() = default;
  // Which of its rows a fit has seen: "held-out half", or "all rows; no fit reads them".
  virtual std::string judged_on() const = 0;
  // A fit has seen the rows that it is judged on.
  virtual bool is_in_sample() const { return false; }
  virtual std::vector<Target> targets() const { return {}; }
  // What the rows say of why a target is not met; empty if there is nothing to say.
  virtual std::string reason() const { return ""; }
  // Throws ConfigError if its file is missing or wrong.
  virtual std::vector<Row> rows() const = 0;
  virtual std::vector<LeftOut> left_out() const { return {}; }
};
using Tables = Registry<Table>;

// A file under the project's root.
CsvFile measured(const std::string& file);
platform::Accelerator gpu_named(const std::string& name);
using calibration::token_class;

}  // namespace agentsim::fidelity
