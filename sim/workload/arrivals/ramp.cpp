#include "sim/workload/arrival.hpp"
#include "sim/workload/arrivals/rate_curve.hpp"

namespace agentsim::workload {
namespace {

// A load that rises (or falls) in a straight line and then stays: from which load on does the cluster give
// way?
class Ramp : public Described<Ramp, Arrival> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("from", from_per_s_, Dimension::rate, config::kNotNegative, "rate at the start",
            config::Need::required);
    v.field("to", to_per_s_, Dimension::rate, config::kPositive, "rate at the end of the ramp and after it",
            config::Need::required);
    v.field("over", over_s_, Dimension::time, config::kPositive, "length of the ramp",
            config::Need::required);
  }
  std::vector<double> times_s(size_t sessions, const SessionSource&, uint64_t seed) const override {
    const double in_ramp = (from_per_s_ + to_per_s_) / 2.0 * over_s_;
    const double slope = (to_per_s_ - from_per_s_) / over_s_;
    return poisson_times_s(sessions, seed, [&](double expected) {
      if (expected >= in_ramp) return over_s_ + (expected - in_ramp) / to_per_s_;
      // expected = from t + slope t^2 / 2, in a form that also holds for slope = 0
      return 2.0 * expected / (from_per_s_ + std::sqrt(from_per_s_ * from_per_s_ + 2.0 * slope * expected));
    });
  }

 private:
  double from_per_s_ = 0.0;
  double to_per_s_ = 1.0;
  double over_s_ = 1.0;
};

const Arrivals::Entry entry("ramp", "open: independent sessions at a rate that rises or falls, then stays",
                            [] { return std::make_unique<Ramp>(); });

}  // namespace
}  // namespace agentsim::workload
