#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/model/measured_table.hpp"
#include "sim/platform/measured_ratios.hpp"

namespace agentsim::model {

// Measured kernels of a GPU beside its curves. At a point of a table the curve times the ratio is the measurement; between
// points the ratio is interpolated in logarithms; outside it is that of the nearest edge, so that the curve still says how
// times grow there.
//   matrix products     by m, n and k
//   experts             by tokens, for the shapes that were measured; loads of all distributions together
//   prefill attention   by sequences and new tokens of each, for the numbers of heads that were measured
// Decode attention keeps its curve, which is closer to rows it has not seen than its neighbours are.
class KernelTables : public platform::MeasuredRatios {
 public:
  // `gpu` without ratios.
  KernelTables(const Accelerator& gpu, const MeasuredTable& rows);
  platform::RatioLine gemm(const std::string& dtype, double n, double k) const override;
  platform::RatioLine moe(const std::string& dtype, double hidden, double inter, double experts,
                          double visits) const override;
  platform::RatioPlane prefill_attention(const std::string& kv_dtype, double heads, double kv_heads,
                                         double head_dim) const override;

 private:
  using Line = std::map<double, std::vector<double>>;  // size -> logarithms of ratios
  struct Grid {
    std::vector<double> m, n, k;                                         // ascending
    std::map<std::pair<double, double>, platform::RatioLine> by_matrix;  // n, k
  };
  void read_gemm(const Accelerator& gpu, const std::vector<MeasuredGemm>& rows);
  void read_moe(const Accelerator& gpu, const std::vector<MeasuredMoE>& rows);
  void read_prefill(const Accelerator& gpu, const MeasuredTable& table);
  static platform::RatioLine line_of(const Line& line);

  std::map<std::string, Grid> gemm_;
  std::map<std::tuple<std::string, double, double, double, double>, platform::RatioLine> moe_;
  std::map<std::tuple<std::string, double, double, double>, platform::RatioPlane> prefill_;
};

// Whether there is platforms/measured/<gpu>/gemm.csv.gz.
bool has_tables(const Accelerator& gpu);
// `gpu` with kernels that follow the tables of that folder if `kernels` is "tables", else as it is. The tables are read once
// for all GPUs of a kind.
Accelerator with_kernels(const std::string& kernels, Accelerator gpu);
// `gpu` with kernels that follow these rows.
Accelerator with_tables(Accelerator gpu, const MeasuredTable& rows);

}  // namespace agentsim::model
