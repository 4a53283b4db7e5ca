#include "sim/platform/accelerator.hpp"

#include "sim/config/library.hpp"

namespace agentsim::platform {

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
  if (config::Library::load(word_or_map, "gpu", "platforms/gpus", map, diagnostics))
    config::read_map(map, "the gpu", accelerator, diagnostics);
  diagnostics.throw_if_any();
  return accelerator;
}

}  // namespace agentsim::platform
