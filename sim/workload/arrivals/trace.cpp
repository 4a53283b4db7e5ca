#include "sim/workload/arrival.hpp"

namespace agentsim::workload {
namespace {

// The recorded times, stretched or compressed: 0.5 is twice the load.
class Trace : public Described<Trace, Arrival> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("time_scale", time_scale_, Dimension::number, config::kPositive, "factor on the recorded times");
  }
  std::vector<double> times_s(size_t sessions, const SessionSource& source, uint64_t) const override {
    std::vector<double> times(sessions);
    for (size_t i = 0; i < sessions; ++i) {
      const std::optional<double> recorded = source.recorded_arrival_s(i);
      if (!recorded)
        throw ConfigError("the arrival 'trace' wants recorded arrival times, but the source has none");
      times[i] = *recorded * time_scale_;
    }
    return times;
  }

 private:
  double time_scale_ = 1.0;
};

const Arrivals::Entry entry("trace", "open: the recorded arrival times, scaled",
                            [] { return std::make_unique<Trace>(); });

}  // namespace
}  // namespace agentsim::workload
