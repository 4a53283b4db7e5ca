#include "sim/model/kernel_tables.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/config/dumper.hpp"
#include "sim/config/library.hpp"
#include "sim/model/expert_load.hpp"

namespace agentsim::model {
namespace {

using platform::RatioLine;
using platform::RatioPlane;

// The point of an axis at or below a value, and how far it is to the next, in logarithms from 0 to 1.
struct Place {
  size_t low = 0, high = 0;
  double share = 0.0;
};

Place place_on(const std::vector<double>& axis, double value) {
  if (value <= axis.front()) return {};
  if (value >= axis.back()) return {axis.size() - 1, axis.size() - 1, 0.0};
  const auto high = static_cast<size_t>(std::lower_bound(axis.begin(), axis.end(), value) - axis.begin());
  if (axis[high] == value) return {high, high, 0.0};
  return {high - 1, high, std::log(value / axis[high - 1]) / std::log(axis[high] / axis[high - 1])};
}

std::filesystem::path folder_of(const Accelerator& gpu) {
  return config::Library::root() / "platforms/measured" / gpu.name;
}

}  // namespace

KernelTables::KernelTables(const Accelerator& gpu, const MeasuredTable& rows) {
  read_gemm(gpu, rows.gemm);
  read_moe(gpu, rows.moe);
  read_prefill(gpu, rows);
}

RatioLine KernelTables::line_of(const Line& line) {
  std::vector<std::pair<double, double>> points;
  for (const auto& [size, logs] : line) {
    double sum = 0.0;
    for (const double log : logs) sum += log;
    points.emplace_back(size, std::exp(sum / static_cast<double>(logs.size())));
  }
  return RatioLine(points);
}

void KernelTables::read_gemm(const Accelerator& gpu, const std::vector<MeasuredGemm>& rows) {
  std::map<std::string, std::map<std::pair<double, double>, Line>> lines;
  for (const MeasuredGemm& row : rows)
    if (gpu.efficiency.gemm.count(row.dtype) > 0)
      lines[row.dtype][{row.n, row.k}][row.m].push_back(
          std::log(row.seconds / gemm_s(gpu, row.dtype, row.m, row.n, row.k)));
  for (const auto& [dtype, by_matrix] : lines) {
    Grid& grid = gemm_[dtype];
    std::set<double> m, n, k;
    for (const auto& [matrix, line] : by_matrix) {
      n.insert(matrix.first);
      k.insert(matrix.second);
      for (const auto& [size, logs] : line) m.insert(size);
      grid.by_matrix[matrix] = line_of(line);
    }
    grid.m.assign(m.begin(), m.end());
    grid.n.assign(n.begin(), n.end());
    grid.k.assign(k.begin(), k.end());
  }
}

RatioLine KernelTables::gemm(const std::string& dtype, double n, double k) const {
  const auto found = gemm_.find(dtype);
  if (found == gemm_.end()) return {};
  const Grid& grid = found->second;
  const Place pn = place_on(grid.n, n), pk = place_on(grid.k, k);
  const auto log_at = [&](size_t in, size_t ik, double m) {
    const auto line = grid.by_matrix.find({grid.n[in], grid.k[ik]});
    return line == grid.by_matrix.end() ? 0.0 : line->second.log_at(m);
  };
  std::vector<std::pair<double, double>> points;
  for (const double m : grid.m) {
    const auto along_k = [&](size_t in) {
      const double low = log_at(in, pk.low, m);
      return low + pk.share * (log_at(in, pk.high, m) - low);
    };
    const double low = along_k(pn.low);
    points.emplace_back(m, std::exp(low + pn.share * (along_k(pn.high) - low)));
  }
  return RatioLine(points);
}

void KernelTables::read_moe(const Accelerator& gpu, const std::vector<MeasuredMoE>& rows) {
  std::map<decltype(moe_)::key_type, Line> lines;
  for (const MeasuredMoE& row : rows) {
    if (row.is_newer || gpu.peak_flops(row.dtype) <= 0.0 || gpu.efficiency.moe.count(row.dtype) == 0)
      continue;
    const MoEShape shape = shape_of(row);
    lines[{row.dtype, shape.hidden, shape.inter, shape.experts, shape.visits}][row.tokens].push_back(
        std::log(row.seconds / moe_s(gpu, shape, row.tokens)));
  }
  for (const auto& [shape, line] : lines) moe_[shape] = line_of(line);
}

RatioLine KernelTables::moe(const std::string& dtype, double hidden, double inter, double experts,
                            double visits) const {
  const auto found = moe_.find({dtype, hidden, inter, experts, visits});
  return found == moe_.end() ? RatioLine() : found->second;
}

void KernelTables::read_prefill(const Accelerator& gpu, const MeasuredTable& table) {
  std::map<decltype(prefill_)::key_type, std::map<double, Line>> planes;
  // A rejected table has no curve of its own either.
  std::set<std::string> kept;
  for (const auto& [dtype, curve] : gpu.efficiency.prefill_attention)
    if (!beats_peak(gpu, table, dtype)) kept.insert(dtype);
  for (const MeasuredPrefill& row : table.prefill_attention) {
    const AttentionShape& of = row.shape;
    if (row.chunk.cached > 0.0 || row.decoding > 0.0 || kept.count(of.kv_dtype) == 0) continue;
    const std::vector<Chunk> chunks(static_cast<size_t>(row.sequences), row.chunk);
    planes[{of.kv_dtype, of.heads, of.kv_heads, of.head_dim}][row.sequences][row.chunk.tokens].push_back(
        std::log(row.seconds / prefill_attention_s(gpu, of, chunks)));
  }
  for (const auto& [shape, lines] : planes)
    for (const auto& [sequences, line] : lines) prefill_[shape].add(sequences, line_of(line));
}

RatioPlane KernelTables::prefill_attention(const std::string& kv_dtype, double heads, double kv_heads,
                                           double head_dim) const {
  const auto found = prefill_.find({kv_dtype, heads, kv_heads, head_dim});
  return found == prefill_.end() ? RatioPlane() : found->second;
}

bool has_tables(const Accelerator& gpu) {
  return std::filesystem::is_regular_file(folder_of(gpu) / "gemm.csv.gz");
}

Accelerator with_tables(Accelerator gpu, const MeasuredTable& rows) {
  gpu.measured = nullptr;  // the tables are held against the bare curves
  gpu.measured = std::make_shared<const KernelTables>(gpu, rows);
  return gpu;
}

Accelerator with_kernels(const std::string& kernels, Accelerator gpu) {
  if (kernels != "tables") return gpu;
  static std::map<std::string, std::shared_ptr<const platform::MeasuredRatios>> known;
  std::shared_ptr<const platform::MeasuredRatios>& ratios = known[config::dump(gpu).dump()];
  if (!ratios) {
    MeasuredTable table;
    for (const char* op : {"gemm", "moe", "prefill_attention"}) {
      const std::filesystem::path file = folder_of(gpu) / (std::string(op) + ".csv.gz");
      if (std::filesystem::is_regular_file(file)) read_measured(file.string(), table);
    }
    ratios = with_tables(gpu, table).measured;
  }
  gpu.measured = ratios;
  return gpu;
}

}  // namespace agentsim::model
