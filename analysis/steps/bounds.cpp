#include "analysis/steps/bounds.hpp"

#include <algorithm>

namespace agentsim::steps {
namespace {

constexpr double kNoLimit = 1e9;  // times what the GPU has

void free_memory(platform::Accelerator& gpu) {
  gpu.memory_bytes_per_s *= kNoLimit;
  for (auto& [type, curve] : gpu.efficiency.decode_attention) {
    curve.head_stream_bytes_per_s *= kNoLimit;
    curve.served_head_stream_bytes_per_s *= kNoLimit;
  }
}

void free_compute(platform::Accelerator& gpu) {
  for (double* peak : {&gpu.peak.bf16, &gpu.peak.fp8, &gpu.peak.fp4}) *peak *= kNoLimit;
}

}  // namespace

std::string Bounds::binds() const {
  const double most = std::max({launch_s, compute_s, memory_s});
  return most == memory_s ? "memory" : most == compute_s ? "compute" : "launch";
}

Bounds& Bounds::operator+=(const Bounds& other) {
  seconds += other.seconds;
  launch_s += other.launch_s;
  compute_s += other.compute_s;
  memory_s += other.memory_s;
  return *this;
}

Bounds Bounds::times(double count) const {
  return {seconds * count, launch_s * count, compute_s * count, memory_s * count};
}

Unbound::Unbound(const platform::Accelerator& gpu)
    : as_it_is(gpu), without_memory_limit(gpu), without_compute_limit(gpu), without_limits(gpu) {
  free_memory(without_memory_limit);
  free_memory(without_limits);
  free_compute(without_compute_limit);
  free_compute(without_limits);
}

Bounds bounds(const Unbound& gpu, const std::function<double(const platform::Accelerator&)>& seconds) {
  Bounds b;
  b.seconds = seconds(gpu.as_it_is);
  b.launch_s = seconds(gpu.without_limits);
  b.compute_s = std::max(0.0, seconds(gpu.without_memory_limit) - b.launch_s);
  b.memory_s = std::max(0.0, seconds(gpu.without_compute_limit) - b.launch_s);
  return b;
}

}  // namespace agentsim::steps
