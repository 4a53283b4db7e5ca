#include <cmath>

#include "sim/base/random_stream.hpp"
#include "sim/workload/arrival.hpp"

namespace agentsim::workload {
namespace {

// Many users who know nothing of each other: independent exponential gaps between sessions.
class Poisson : public Described<Poisson, Arrival> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("rate", rate_per_s_, Dimension::rate, config::kPositive, "sessions that begin per unit of time",
            config::Need::required);
  }
  std::vector<double> times_s(size_t sessions, const SessionSource&, uint64_t seed) const override {
    RandomStream random(seed, "arrival");
    std::vector<double> times(sessions);
    double now = 0.0;
    for (double& time : times) {
      now += -std::log1p(-random.uniform()) / rate_per_s_;
      time = now;
    }
    return times;
  }

 private:
  double rate_per_s_ = 1.0;
};

const Arrivals::Entry entry("poisson", "open: independent sessions at a mean rate",
                            [] { return std::make_unique<Poisson>(); });

}  // namespace
}  // namespace agentsim::workload
