#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/config/reader.hpp"
#include "sim/platform/efficiency.hpp"
#include "sim/platform/measured_ratios.hpp"

namespace agentsim::platform {

// Dense peak rates in FLOP/s; 0: the device lacks the data type.
struct PeakCompute {
  double bf16 = 0.0;
  double fp8 = 0.0;
  double fp4 = 0.0;
};

// One accelerator (platforms/gpus/*.yaml).
struct Accelerator {
  std::string name;
  std::string title;
  std::string vendor;
  double memory_bytes = 0.0;
  double memory_bytes_per_s = 0.0;
  PeakCompute peak;
  int64_t sm_count = 1;
  double l2_bytes = 0.0;
  double tdp_w = 0.0;
  double idle_w = 0.0;
  std::string efficiency_from;  // the accelerator whose curves it takes; empty: all are its own
  Efficiency efficiency;
  Quantise quantise_fused;  // what a whole model pays for quantising activations, fused into the norm before

  std::shared_ptr<const MeasuredRatios> measured;  // null: the curves alone

  // FLOP/s of a data type ("bf16", "fp8"); 0 if the device lacks it.
  double peak_flops(const std::string& dtype) const;
};

template <class Visitor>
void describe(Visitor& v, PeakCompute& p) {
  v.field("bf16", p.bf16, Dimension::compute, config::kPositive, "dense", config::Need::required);
  v.field("fp8", p.fp8, Dimension::compute, config::kNotNegative, "dense; absent: not supported");
  v.field("nvfp4", p.fp4, Dimension::compute, config::kNotNegative, "dense; absent: not supported");
}

template <class Visitor>
void describe(Visitor& v, Accelerator& a) {
  using config::kPositive, config::kNotNegative, config::Need;
  v.field("name", a.name, "the word scenarios use", Need::required);
  v.field("title", a.title, "the name people use");
  v.field("vendor", a.vendor, "who makes it");
  v.field("memory", a.memory_bytes, Dimension::bytes, kPositive, "as the driver reports it", Need::required);
  v.field("memory_bandwidth", a.memory_bytes_per_s, Dimension::bandwidth, kPositive, "nominal",
          Need::required);
  v.section("peak", a.peak, "dense rates by data type", Need::required);
  v.field("sm_count", a.sm_count, config::Bounds{1, 1e5}, "multiprocessors (compute units, cores)");
  v.field("l2", a.l2_bytes, Dimension::bytes, kNotNegative, "last-level cache");
  v.field("tdp", a.tdp_w, Dimension::power, kPositive, "board power limit", Need::required);
  v.field("idle_power", a.idle_w, Dimension::power, kNotNegative, "board power without work");
  v.field("efficiency_from", a.efficiency_from,
          "takes the curves of this accelerator; those under efficiency replace them");
  v.section("efficiency", a.efficiency, "fitted constants of its kernels",
            a.efficiency_from.empty() ? Need::required : Need::optional);
  v.section("quantise_fused", a.quantise_fused, "quantising activations inside a whole model");
  v.known("provenance");
}

// Loads platforms/gpus/<name>.yaml or a path. The curves of `efficiency_from` are shares of peak and
// bandwidth, so they scale with its own; data types it has no peak for are left out. Throws ConfigError, also
// if the accelerator named there has no curves of its own.
Accelerator load_accelerator(const config::Value& word_or_map);

}  // namespace agentsim::platform
