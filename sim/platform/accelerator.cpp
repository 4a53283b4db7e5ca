#include "sim/platform/accelerator.hpp"

#include <fmt/format.h>

#include <iterator>

#include "sim/config/library.hpp"

namespace agentsim::platform {
namespace {

// Weights of experts that are kept as mxfp4 have kernels of their own, which multiply in bf16.
std::string multiplied_as(const std::string& dtype) {
  return dtype == "mxfp4" ? "bf16" : dtype;
}

template <class Curves>
void drop_missing_types(Curves& curves, const Accelerator& accelerator) {
  for (auto it = curves.begin(); it != curves.end();)
    it = accelerator.peak_flops(multiplied_as(it->first)) > 0.0 ? std::next(it) : curves.erase(it);
}

// Reads the curves of the accelerator that `efficiency_from` names, so that the map's own are read over them.
void take_curves(const config::Value& map, Accelerator& accelerator, Diagnostics& diagnostics) {
  const config::Value* from = map.find("efficiency_from");
  if (from == nullptr || !from->is_scalar()) return;
  config::Value relative;
  if (!config::Library::load(*from, "gpu", "platforms/gpus", relative, diagnostics)) return;
  const config::Value* next = relative.find("efficiency_from");
  const config::Value* curves = relative.find("efficiency");
  if (next != nullptr || curves == nullptr) {
    const std::string why = next != nullptr ? fmt::format(": it takes those of '{}'", next->scalar()) : "";
    diagnostics.add(
        from->mistake(fmt::format("'{}' has no efficiency curves of its own{}", from->scalar(), why)));
    return;
  }
  config::read_map(*curves, "'efficiency'", accelerator.efficiency, diagnostics);
  if (const config::Value* fused = relative.find("quantise_fused"))
    config::read_map(*fused, "'quantise_fused'", accelerator.quantise_fused, diagnostics);
  Diagnostics told_with_the_rest;
  if (const config::Value* peak = map.find("peak"))
    config::read_map(*peak, "'peak'", accelerator.peak, told_with_the_rest);
  drop_missing_types(accelerator.efficiency.gemm, accelerator);
  drop_missing_types(accelerator.efficiency.moe, accelerator);
  drop_missing_types(accelerator.efficiency.prefill_attention, accelerator);
  drop_missing_types(accelerator.efficiency.decode_attention, accelerator);
}

}  // namespace

double Accelerator::peak_flops(const std::string& dtype) const {
  if (dtype == "bf16") return peak.bf16;
  if (dtype == "fp8") return peak.fp8;
  if (dtype == "nvfp4") return peak.fp4;
  return 0.0;
}

Accelerator load_accelerator(const config::Value& word_or_map) {
  Diagnostics diagnostics;
  config::Value map;
  Accelerator accelerator;
  if (config::Library::load(word_or_map, "gpu", "platforms/gpus", map, diagnostics)) {
    take_curves(map, accelerator, diagnostics);
    config::read_map(map, "the gpu", accelerator, diagnostics);
  }
  diagnostics.throw_if_any();
  return accelerator;
}

}  // namespace agentsim::platform
