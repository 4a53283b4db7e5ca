#include <algorithm>

#include "analysis/calibration/observation.hpp"
#include "analysis/fidelity/table.hpp"
#include "sim/config/library.hpp"
#include "sim/model/kernel_tables.hpp"

// Single kernels as aiconfigurator measured them, on the half of the rows that `agentsim calibrate` holds out.
namespace agentsim::fidelity {
namespace {

using calibration::Observation;
using calibration::Op;

// GPUs with tables of their own.
const std::vector<std::string> kGPUs{"a100_sxm_80gb", "h100_sxm", "l40s", "rtx_pro_6000_server"};

model::MeasuredTable read_tables(const std::string& gpu, Op op) {
  model::MeasuredTable table;
  const std::string file = "platforms/measured/" + gpu + "/" + calibration::name_of(op) + ".csv.gz";
  model::read_measured((config::Library::root() / file).string(), table);
  return table;
}

std::string label(const Observation& row) {
  std::string op = calibration::name_of(row.op);
  for (char& c : op)
    if (c == '_') c = ' ';
  return op + " " + row.dtype;
}

bool has_curve(const platform::Efficiency& e, const Observation& row) {
  switch (row.op) {
    case Op::gemm:
      return e.gemm.count(row.dtype) > 0;
    case Op::moe:
      return e.moe.count(row.dtype) > 0;
    case Op::prefill_attention:
      return e.prefill_attention.count(row.dtype) > 0;
    case Op::decode_attention:
      return e.decode_attention.count(row.dtype) > 0;
    case Op::elementwise:
      break;
  }
  return true;
}

// Rows of `measured`'s tables as `predicted` would run them, where it has a curve.
std::vector<Row> judge(const std::string& measured, const platform::Accelerator& predicted, Op op, bool all) {
  std::vector<Row> rows;
  const platform::Accelerator gpu = gpu_named(measured);
  for (const Observation& row : calibration::observe(gpu, read_tables(measured, op)))
    if ((all || !row.is_fitted) && has_curve(predicted.efficiency, row))
      rows.push_back({measured, label(row), row.size, row.predict(predicted), row.measured_s});
  return rows;
}

template <class Rows>
void keep_fitted(Rows& rows) {
  rows.erase(std::remove_if(rows.begin(), rows.end(), [](const auto& row) { return !row.is_fitted; }),
             rows.end());
}

// With `kernels: tables`, of which it is given the half that the curves were fitted on.
platform::Accelerator with_fitted_half(const std::string& name, Op op) {
  model::MeasuredTable table = read_tables(name, op);
  keep_fitted(table.gemm);
  keep_fitted(table.moe);
  keep_fitted(table.prefill_attention);
  return model::with_tables(gpu_named(name), table);
}

enum class By { curves, tables };

class Kernels : public Table {
 public:
  Kernels(By by, Op op, std::string judged_on, std::string reason = "")
      : by_(by), op_(op), judged_on_(std::move(judged_on)), reason_(std::move(reason)) {}
  std::string judged_on() const override { return judged_on_; }
  std::string reason() const override { return reason_; }
  std::vector<Target> targets() const override { return {{0.08, 0.25, {}}}; }
  std::vector<Row> rows() const override {
    std::vector<Row> all;
    for (const std::string& name : kGPUs)
      for (Row& row :
           judge(name, by_ == By::tables ? with_fitted_half(name, op_) : gpu_named(name), op_, false))
        all.push_back(std::move(row));
    return all;
  }
  std::vector<LeftOut> left_out() const override {
    std::vector<LeftOut> all;
    for (const std::string& name : kGPUs) {
      if (op_ != Op::prefill_attention) continue;
      const model::MeasuredTable table = read_tables(name, op_);
      const auto fp8 = [](const model::MeasuredPrefill& row) { return row.shape.kv_dtype == "fp8"; };
      if (model::beats_peak(gpu_named(name), table, "fp8"))
        all.push_back(
            {"prefill with an fp8 cache on " + name,
             "a rejected table: many of its rows beat the GPU's peak; the curve in use is that of bf16",
             static_cast<size_t>(
                 std::count_if(table.prefill_attention.begin(), table.prefill_attention.end(), fp8))});
    }
    return all;
  }

 private:
  By by_;
  Op op_;
  std::string judged_on_;
  std::string reason_;
};

// A GPU without tables takes the curves of a relative. These have tables, so that one can see how far that carries:
// peak, bandwidth, multiprocessors and L2 are their own, the curves the relative's.
class LeaveOneOut : public Table {
 public:
  std::string judged_on() const override {
    return "all rows of a GPU, by the curves of its relative: h100_sxm by a100_sxm_80gb and the reverse, "
           "l40s by "
           "rtx_pro_6000_server and the reverse; types that the relative lacks are left out";
  }
  std::vector<Row> rows() const override {
    std::vector<Row> all;
    for (const auto& [name, relative] :
         std::vector<std::pair<std::string, std::string>>{{"h100_sxm", "a100_sxm_80gb"},
                                                          {"a100_sxm_80gb", "h100_sxm"},
                                                          {"l40s", "rtx_pro_6000_server"},
                                                          {"rtx_pro_6000_server", "l40s"}}) {
      platform::Accelerator gpu = gpu_named(name);
      gpu.efficiency = gpu_named(relative).efficiency;
      for (const Op op : {Op::gemm, Op::moe, Op::prefill_attention, Op::decode_attention})
        for (Row& row : judge(name, gpu, op, true)) all.push_back(std::move(row));
    }
    return all;
  }
};

const Tables::Entry gemm{"kernel_gemm", "GEMM kernels (aiconfigurator)", [] {
                           return std::make_unique<Kernels>(
                               By::curves, Op::gemm, "held-out half, n and k from 512",
                               "cuBLAS chooses among its bf16 kernels on the RTX PRO 6000 by estimates that "
                               "are often wrong: where m n "
                               "is 96 tiles of 128x128 it takes twice the time of both neighbours up to k = "
                               "7168, and for 1536 to 2560 "
                               "columns and few tokens it does not split k below about five times n, which "
                               "costs 1.7 times; those rows "
                               "are the p90, and no smooth curve has them");
                         }};
const Tables::Entry moe{
    "kernel_moe", "fused layers of experts (aiconfigurator)", [] {
      return std::make_unique<Kernels>(
          By::curves, Op::moe,
          "held-out half; the draws of the power laws are not known, their quantiles stand in");
    }};
const Tables::Entry prefill{"kernel_prefill_attention", "causal attention kernels (aiconfigurator)", [] {
                              return std::make_unique<Kernels>(By::curves, Op::prefill_attention,
                                                               "held-out half, from 16 new tokens");
                            }};
const Tables::Entry decode{
    "kernel_decode_attention", "decode attention kernels (aiconfigurator)", [] {
      return std::make_unique<Kernels>(
          By::curves, Op::decode_attention,
          "held-out half, from 256 keys (below, another kernel without the pass that joins "
          "split keys: up to 4 us less), several heads a KV head, caches above twice the L2 "
          "or below 1 MB");
    }};

constexpr const char* kTables = "held-out half; the interpolated tables hold the other";
const Tables::Entry gemm_tables{"kernel_gemm_tables", "GEMM kernels by kernels: tables", [] {
                                  return std::make_unique<Kernels>(
                                      By::tables, Op::gemm, std::string(kTables) + "; n and k from 512",
                                      "between two measured sizes a library may take another kernel, which "
                                      "neighbours do not tell");
                                }};
const Tables::Entry moe_tables{"kernel_moe_tables", "fused layers of experts by kernels: tables", [] {
                                 return std::make_unique<Kernels>(
                                     By::tables, Op::moe,
                                     std::string(kTables) + ", all distributions of one shape together");
                               }};
const Tables::Entry prefill_tables{
    "kernel_prefill_attention_tables", "causal attention kernels by kernels: tables", [] {
      return std::make_unique<Kernels>(By::tables, Op::prefill_attention,
                                       std::string(kTables) + "; from 16 new tokens");
    }};
const Tables::Entry leave_one_out{"leave_one_gpu_out", "kernels by the curves of a relative",
                                  [] { return std::make_unique<LeaveOneOut>(); }};

}  // namespace
}  // namespace agentsim::fidelity
