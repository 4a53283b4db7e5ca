#include "analysis/steps/kernel_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/units.hpp"

namespace agentsim::steps {
namespace {

model::CollectiveCost cost_of(const model::CollectiveGroup& group, model::Collective collective,
                              double bytes) {
  using model::Collective;
  switch (collective) {
    case Collective::all_reduce:
      return group.all_reduce(bytes);
    case Collective::all_gather:
      return group.all_gather(bytes);
    case Collective::reduce_scatter:
      return group.reduce_scatter(bytes);
    case Collective::all_to_all:
      return group.all_to_all(bytes);
    case Collective::p2p:
      return group.p2p(0, 1, bytes);
  }
  return {};
}

}  // namespace

KernelReport kernel_report(const platform::Accelerator& gpu, const Kernel& kernel) {
  KernelReport report;
  report.title = kernel.title;
  report.bounds = bounds(Unbound(gpu), kernel.seconds);
  report.flop_per_s = kernel.flop / report.bounds.seconds;
  report.bytes_per_s = kernel.bytes / report.bounds.seconds;
  return report;
}

std::string text(const KernelReport& r) {
  return fmt::format(
      "{}\n{}: launch {}, compute alone {}, memory alone {}; {} binds\n{:.4g} TFLOP/s, {:.4g} GB/s\n",
      r.title, pretty_time(r.bounds.seconds), pretty_time(r.bounds.launch_s), pretty_time(r.bounds.compute_s),
      pretty_time(r.bounds.memory_s), r.bounds.binds(), r.flop_per_s / 1e12, r.bytes_per_s / 1e9);
}

nlohmann::ordered_json to_json(const KernelReport& r) {
  return {{"title", r.title},
          {"seconds", r.bounds.seconds},
          {"launch_s", r.bounds.launch_s},
          {"compute_s", r.bounds.compute_s},
          {"memory_s", r.bounds.memory_s},
          {"binds", r.bounds.binds()},
          {"flop_per_s", r.flop_per_s},
          {"bytes_per_s", r.bytes_per_s}};
}

CollectiveReport collective_report(const std::string& title, const model::CollectiveGroup& group,
                                   model::Collective collective, double bytes) {
  const model::CollectiveCost cost = cost_of(group, collective, bytes);
  CollectiveReport report;
  report.title = title;
  report.bytes = bytes;
  report.seconds = cost.seconds(group.rate());
  report.latency_s = cost.latency_s;
  report.transfer_s = report.seconds - cost.latency_s;
  report.bytes_per_s = bytes / report.seconds;
  return report;
}

std::string text(const CollectiveReport& r) {
  return fmt::format("{}\n{}: latency {}, transfer {}; {} binds\n{:.4g} GB/s of {} a GPU\n", r.title,
                     pretty_time(r.seconds), pretty_time(r.latency_s), pretty_time(r.transfer_s),
                     r.latency_s > r.transfer_s ? "latency" : "bandwidth", r.bytes_per_s / 1e9,
                     pretty_bytes(r.bytes));
}

nlohmann::ordered_json to_json(const CollectiveReport& r) {
  return {{"title", r.title},
          {"bytes", r.bytes},
          {"seconds", r.seconds},
          {"latency_s", r.latency_s},
          {"transfer_s", r.transfer_s},
          {"bytes_per_s", r.bytes_per_s},
          {"binds", r.latency_s > r.transfer_s ? "latency" : "bandwidth"}};
}

}  // namespace agentsim::steps
