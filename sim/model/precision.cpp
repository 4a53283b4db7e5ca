#include "sim/model/precision.hpp"

#include <map>

#include "sim/base/contract.hpp"

namespace agentsim::model {
namespace {

struct Format {
  double bytes;
  double scale_bytes;  // of a group
  int64_t group;       // 0: too large to count
};

const std::map<std::string, Format>& formats() {
  static const std::map<std::string, Format> all{
      {"bf16", {2.0, 0.0, 0}},   {"fp8", {1.0, 0.0, 0}},    {"int8", {1.0, 2.0, 0}},
      {"int4", {0.5, 2.5, 128}}, {"nvfp4", {0.5, 1.0, 16}}, {"mxfp4", {0.5, 1.0, 32}},
  };
  return all;
}

const Format& format_of(const std::string& dtype) {
  const auto found = formats().find(dtype);
  AGENTSIM_CONTRACT(found != formats().end(), "unknown data type '{}'", dtype);
  return found->second;
}

}  // namespace

const std::vector<std::string>& dtype_names() {
  static const std::vector<std::string> names{"bf16", "fp8", "int4", "int8", "mxfp4", "nvfp4"};
  return names;
}

double dtype_bytes(const std::string& dtype) {
  return format_of(dtype).bytes;
}

double weight_bytes(const std::string& dtype, int64_t group) {
  const Format& format = format_of(dtype);
  const int64_t size = group > 0 ? group : format.group;
  return size > 0 ? format.bytes + format.scale_bytes / static_cast<double>(size) : format.bytes;
}

Precision Precision::of(const Quantisation& quantisation) {
  Precision p;
  if (!quantisation.weights.empty()) p.weights = quantisation.weights;
  if (!quantisation.activations.empty()) p.activations = quantisation.activations;
  if (!quantisation.kv.empty()) p.kv = quantisation.kv;
  p.group = quantisation.group;
  p.experts_only = quantisation.experts_only;
  return p;
}

bool has_products(const platform::Accelerator& gpu, const std::string& dtype) {
  return gpu.peak_flops(dtype) > 0.0 && gpu.efficiency.gemm.count(dtype) > 0;
}

Product product(const Precision& precision, const platform::Accelerator& gpu) {
  Product p;
  p.bytes = weight_bytes(precision.weights, precision.group);
  const bool only_kept = precision.weights == "int4" || precision.weights == "mxfp4";
  if (only_kept) p.kept = precision.weights;
  if (precision.activations != "auto")
    p.compute = precision.activations;
  else if (!only_kept && has_products(gpu, precision.weights))
    p.compute = precision.weights;
  return p;
}

Product rest_product(const Precision& precision, const platform::Accelerator& gpu) {
  return precision.experts_only ? Product{} : product(precision, gpu);
}

std::string attention_type(const std::string& kv) {
  return kv == "bf16" ? "bf16" : "fp8";
}

}  // namespace agentsim::model
