#include <boost/math/constants/constants.hpp>

#include "sim/workload/arrival.hpp"
#include "sim/workload/arrivals/rate_curve.hpp"

namespace agentsim::workload {
namespace {

// Day and night: independent sessions at the rate (1 + amplitude cos(2 pi (t - peak) / period)) times the
// mean.
class Diurnal : public Described<Diurnal, Arrival> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("rate", rate_per_s_, Dimension::rate, config::kPositive, "mean over a period",
            config::Need::required);
    v.field("amplitude", amplitude_, Dimension::number, config::kFraction,
            "swing as a share of the mean: the rate goes from 1 - amplitude to 1 + amplitude times it");
    v.field("period", period_s_, Dimension::time, config::kPositive, "length of a day");
    v.field("peak", peak_s_, Dimension::time, config::kNotNegative,
            "when the rate is highest, from the start of the run");
  }
  std::vector<double> times_s(size_t sessions, const SessionSource&, uint64_t seed) const override {
    return poisson_times_s(sessions, seed, [&](double expected) {
      // The swing brings a session forward or back by this at most.
      const double swing_s = amplitude_ * period_s_ / boost::math::constants::pi<double>();
      const double mean_s = expected / rate_per_s_;
      double low = std::max(0.0, mean_s - swing_s), high = mean_s + swing_s;
      for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2.0;
        (expected_by(middle) < expected ? low : high) = middle;
      }
      return high;
    });
  }

 private:
  double expected_by(double time_s) const {
    const double turn = boost::math::constants::two_pi<double>() / period_s_;
    return rate_per_s_ *
           (time_s + amplitude_ / turn * (std::sin(turn * (time_s - peak_s_)) + std::sin(turn * peak_s_)));
  }

  double rate_per_s_ = 1.0;
  double amplitude_ = 0.5;
  double period_s_ = 86400.0;
  double peak_s_ = 43200.0;
};

const Arrivals::Entry entry("diurnal", "open: independent sessions at a rate that swings with the day",
                            [] { return std::make_unique<Diurnal>(); });

}  // namespace
}  // namespace agentsim::workload
