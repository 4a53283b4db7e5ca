#include "sim/model/kernel_tables.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/config/dumper.hpp"
#include "sim/config/library.hpp"

namespace agentsim::model {
namespace {

std::vector<double> axis(const std::vector<const MeasuredGemm*>& rows, double MeasuredGemm::*of) {
  std::vector<double> values;
  for (const MeasuredGemm* row : rows) values.push_back(row->*of);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

size_t index_of(const std::vector<double>& axis, double value) {
  return static_cast<size_t>(std::lower_bound(axis.begin(), axis.end(), value) - axis.begin());
}

// The point of an axis at or below a value, and how far it is to the next, in logarithms from 0 to 1.
struct Place {
  size_t low = 0, high = 0;
  double share = 0.0;
};

Place place_on(const std::vector<double>& axis, double value) {
  if (value <= axis.front()) return {};
  if (value >= axis.back()) return {axis.size() - 1, axis.size() - 1, 0.0};
  const size_t high = index_of(axis, value);
  if (axis[high] == value) return {high, high, 0.0};
  return {high - 1, high, std::log(value / axis[high - 1]) / std::log(axis[high] / axis[high - 1])};
}

std::filesystem::path table_of(const Accelerator& gpu) {
  return config::Library::root() / "platforms/measured" / gpu.name / "gemm.csv.gz";
}

}  // namespace

GemmCorrection::Grid GemmCorrection::grid_of(const Accelerator& gpu,
                                             const std::vector<const MeasuredGemm*>& rows) {
  Grid grid{axis(rows, &MeasuredGemm::m), axis(rows, &MeasuredGemm::n), axis(rows, &MeasuredGemm::k), {}};
  const double missing = std::numeric_limits<double>::quiet_NaN();
  grid.log_ratio.assign(grid.m.size() * grid.n.size() * grid.k.size(), missing);
  for (const MeasuredGemm* row : rows) {
    const size_t at = (index_of(grid.m, row->m) * grid.n.size() + index_of(grid.n, row->n)) * grid.k.size() +
                      index_of(grid.k, row->k);
    grid.log_ratio[at] = std::log(row->seconds / gemm_s(gpu, row->dtype, row->m, row->n, row->k));
  }
  // A point without a measurement takes the nearest one before it, else the nearest behind it.
  double near = missing;
  const auto fill = [&](double& value) { near = value = std::isnan(value) ? near : value; };
  std::for_each(grid.log_ratio.begin(), grid.log_ratio.end(), fill);
  std::for_each(grid.log_ratio.rbegin(), grid.log_ratio.rend(), fill);
  return grid;
}

GemmCorrection::GemmCorrection(const Accelerator& gpu, const std::vector<MeasuredGemm>& rows) {
  std::map<std::string, std::vector<const MeasuredGemm*>> by_dtype;
  for (const MeasuredGemm& row : rows)
    if (gpu.efficiency.gemm.count(row.dtype) > 0) by_dtype[row.dtype].push_back(&row);
  for (const auto& [dtype, of_type] : by_dtype) by_dtype_[dtype] = grid_of(gpu, of_type);
}

double GemmCorrection::operator()(const std::string& dtype, double m, double n, double k) const {
  const auto found = by_dtype_.find(dtype);
  if (found == by_dtype_.end()) return 1.0;
  const Grid& grid = found->second;
  const Place pm = place_on(grid.m, m), pn = place_on(grid.n, n), pk = place_on(grid.k, k);
  const auto at = [&](size_t im, size_t in) {
    const double* line = &grid.log_ratio[(im * grid.n.size() + in) * grid.k.size()];
    return line[pk.low] + pk.share * (line[pk.high] - line[pk.low]);
  };
  const auto plane = [&](size_t im) {
    return at(im, pn.low) + pn.share * (at(im, pn.high) - at(im, pn.low));
  };
  return std::exp(plane(pm.low) + pm.share * (plane(pm.high) - plane(pm.low)));
}

bool has_tables(const Accelerator& gpu) {
  return std::filesystem::is_regular_file(table_of(gpu));
}

Accelerator with_kernels(const std::string& kernels, Accelerator gpu) {
  if (kernels != "tables") return gpu;
  static std::map<std::string, std::shared_ptr<const GemmCorrection>> known;
  gpu.gemm_correction = nullptr;  // the table is held against the bare curve
  std::shared_ptr<const GemmCorrection>& correction = known[config::dump(gpu).dump()];
  if (!correction) {
    MeasuredTable table;
    read_measured(table_of(gpu).string(), table);
    correction = std::make_shared<GemmCorrection>(gpu, table.gemm);
  }
  gpu.gemm_correction = [shared = correction](const std::string& dtype, double m, double n, double k) {
    return (*shared)(dtype, m, n, k);
  };
  return gpu;
}

}  // namespace agentsim::model
