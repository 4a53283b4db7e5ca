#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "analysis/steps/bounds.hpp"
#include "sim/model/collective.hpp"

namespace agentsim::steps {

// One kernel alone on a GPU: its seconds on any GPU, and what it does at least.
struct Kernel {
  std::string title;
  std::function<double(const platform::Accelerator&)> seconds;
  double flop = 0.0;
  double bytes = 0.0;  // to and from memory
};

struct KernelReport {
  std::string title;
  Bounds bounds;
  double flop_per_s = 0.0;
  double bytes_per_s = 0.0;
};

KernelReport kernel_report(const platform::Accelerator& gpu, const Kernel& kernel);
std::string text(const KernelReport& report);
nlohmann::ordered_json to_json(const KernelReport& report);

// One collective of a group of GPUs alone on its links.
struct CollectiveReport {
  std::string title;
  double bytes = 0.0;  // that a GPU holds
  double seconds = 0.0;
  double latency_s = 0.0;  // of it, whatever the bytes
  double transfer_s = 0.0;
  double bytes_per_s = 0.0;  // bytes / seconds, the algorithm bandwidth of nccl-tests
};

CollectiveReport collective_report(const std::string& title, const model::CollectiveGroup& group,
                                   model::Collective collective, double bytes);
std::string text(const CollectiveReport& report);
nlohmann::ordered_json to_json(const CollectiveReport& report);

}  // namespace agentsim::steps
