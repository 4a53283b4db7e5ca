#include "analysis/calibration/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/calibration/curves.hpp"
#include "analysis/statistics/quantile.hpp"
#include "sim/base/suggest.hpp"

namespace agentsim::calibration {
using statistics::quantile;
namespace {

constexpr size_t kFewest = 20;  // rows to fit a curve on

const std::vector<Op> kOps{Op::gemm, Op::moe, Op::prefill_attention, Op::decode_attention, Op::elementwise};

void check_op(const std::string& only) {
  std::vector<std::string> names;
  for (const Op op : kOps) names.push_back(name_of(op));
  if (only.empty() || std::find(names.begin(), names.end(), only) != names.end()) return;
  const std::string near = nearest(only, names);
  throw ConfigError(fmt::format("unknown op '{}'{}\n  valid: {}", only,
                                near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                                sorted_list(names)));
}

}  // namespace

Residuals residuals_of(const platform::Accelerator& gpu, const std::vector<Observation>& rows, Op op,
                       const std::string& dtype, bool fitted_half) {
  std::vector<double> ratios, errors;
  for (const Observation& row : rows) {
    if (row.op != op || row.dtype != dtype || row.is_fitted != fitted_half) continue;
    ratios.push_back(row.predict(gpu) / row.measured_s);
    errors.push_back(std::abs(ratios.back() - 1.0));
  }
  if (errors.empty()) return {};
  std::sort(ratios.begin(), ratios.end());
  std::sort(errors.begin(), errors.end());
  return {errors.size(), quantile(errors, 0.5), quantile(errors, 0.9), quantile(ratios, 0.5) - 1.0};
}

std::vector<Curve> calibrate(platform::Accelerator& gpu, const model::MeasuredTable& table,
                             const std::string& only) {
  check_op(only);
  const std::vector<Observation> rows = observe(gpu, table);
  std::vector<Curve> curves;
  for (const Op op : kOps) {
    if (!only.empty() && only != name_of(op)) continue;
    for (const std::string dtype : {"bf16", "fp8", "nvfp4", ""}) {
      const auto of_curve = [&](const Observation& row) {
        return row.op == op && row.dtype == dtype && row.is_fitted;
      };
      if (static_cast<size_t>(std::count_if(rows.begin(), rows.end(), of_curve)) < kFewest) continue;
      fit_curve(gpu, op, dtype, rows);
      curves.push_back(
          {op, dtype, residuals_of(gpu, rows, op, dtype, true), residuals_of(gpu, rows, op, dtype, false)});
    }
  }
  if (curves.empty())
    throw ConfigError(fmt::format(
        "no kernel of {} has {} rows to fit: docs/calibrate.md says which rows count", gpu.name, kFewest));
  auto& prefill = gpu.efficiency.prefill_attention;
  if (beats_peak(gpu, table, "fp8") && prefill.count("bf16") > 0) prefill["fp8"] = prefill["bf16"];
  return curves;
}

}  // namespace agentsim::calibration
