#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/model/measured_table.hpp"

namespace agentsim::model {

// Measured matrix products of a GPU beside its curve. At a point of the table the curve times the correction is the
// measurement; between points the ratio is interpolated in the logarithms of m, n and k; outside the table it is that of
// the nearest edge, so that the curve still says how times grow there.
class GemmCorrection {
 public:
  GemmCorrection(const Accelerator& gpu, const std::vector<MeasuredGemm>& rows);
  // Measured over fitted time; 1 for a type that was not measured.
  double operator()(const std::string& dtype, double m, double n, double k) const;

 private:
  struct Grid {
    std::vector<double> m, n, k;
    std::vector<double> log_ratio;  // by m, n, k; a point that was not measured has that of a neighbour
  };
  static Grid grid_of(const Accelerator& gpu, const std::vector<const MeasuredGemm*>& rows);

  std::map<std::string, Grid> by_dtype_;
};

// Whether there is platforms/measured/<gpu>/gemm.csv.gz.
bool has_tables(const Accelerator& gpu);
// `gpu` with matrix products that follow that table if `kernels` is "tables", else as it is. A table is read once for
// all GPUs of a kind.
Accelerator with_kernels(const std::string& kernels, Accelerator gpu);

}  // namespace agentsim::model
