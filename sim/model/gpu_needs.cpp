#include "sim/model/gpu_needs.hpp"

#include <fmt/format.h>

#include <set>

#include "sim/model/kernel_tables.hpp"

namespace agentsim::model {

std::vector<std::string> gpu_mistakes(const Deployment& deployment, const platform::Accelerator& gpu) {
  const Precision& precision = deployment.precision;
  std::vector<std::string> mistakes;
  for (const std::string& dtype :
       std::set<std::string>{product(precision, gpu).compute, rest_product(precision, gpu).compute, "bf16"})
    if (!has_products(gpu, dtype))
      mistakes.push_back(fmt::format("the gpu {} has no {} matrix products", gpu.name, dtype));
  std::set<std::string> caches{attention_type(precision.kv)};
  if (deployment.llm.is_latent()) caches.insert("bf16");  // prompts are attended to before they are stored
  for (const std::string& cache : caches)
    if (gpu.efficiency.decode_attention.count(cache) == 0 ||
        gpu.efficiency.prefill_attention.count(cache) == 0)
      mistakes.push_back(fmt::format("the gpu {} has no attention over a {} cache", gpu.name, cache));
  if (deployment.kernels == "tables" && !has_tables(gpu))
    mistakes.push_back(fmt::format("the gpu {} has no measured matrix products (kernels: tables)", gpu.name));
  return mistakes;
}

}  // namespace agentsim::model
