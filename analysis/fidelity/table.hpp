#pragma once

#include <string>
#include <vector>

#include "sim/base/registry.hpp"
#include "sim/platform/accelerator.hpp"
#include "sim/base/csv.hpp"

namespace agentsim::fidelity {

// One measurement beside what the simulator says; both in seconds.
struct Row {
  std::string gpu;
  std::string op;
  std::string size;  // class of sizes
  double predicted_s = 0.0;
  double measured_s = 0.0;
};

// One kind of measured table of the validation book. One .cpp a kind, which registers itself.
class Table {
 public:
  virtual ~Table() = default;
  // Which of its rows a fit has seen: "held-out half", or "all rows; no fit reads them".
  virtual std::string judged_on() const = 0;
  // Throws ConfigError if its file is missing or wrong.
  virtual std::vector<Row> rows() const = 0;
};
using Tables = Registry<Table>;

// A file under the project's root.
CsvFile measured(const std::string& file);
platform::Accelerator gpu_named(const std::string& name);
// "1-64", "65-1024" or "over 1024".
std::string token_class(double tokens);
// Half of the rows by crc32 of all columns but the last, joined with '|', as platforms/fit/first_fit.py
// splits.
bool is_held_out(const CsvFile& file, const CsvRow& row);

}  // namespace agentsim::fidelity
