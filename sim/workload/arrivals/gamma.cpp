#include <boost/random/gamma_distribution.hpp>

#include "sim/base/random_stream.hpp"
#include "sim/workload/arrival.hpp"

namespace agentsim::workload {
namespace {

// Bursts and lulls: independent gaps whose standard deviation is `cv` times their mean. 1 is Poisson; traces
// of LLM services have more (BurstGPT, arXiv 2401.17644).
class Gamma : public Described<Gamma, Arrival> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("rate", rate_per_s_, Dimension::rate, config::kPositive, "sessions that begin per unit of time",
            config::Need::required);
    v.field("cv", cv_, Dimension::number, config::Bounds{1e-3, 1e3},
            "burstiness: standard deviation of the gaps / their mean", config::Need::required);
  }
  std::vector<double> times_s(size_t sessions, const SessionSource&, uint64_t seed) const override {
    RandomStream random(seed, "arrival");
    const double shape = 1.0 / (cv_ * cv_);
    boost::random::gamma_distribution<double> gap_s(shape, 1.0 / (rate_per_s_ * shape));
    std::vector<double> times(sessions);
    double now = 0.0;
    for (double& time : times) time = now += gap_s(random.engine());
    return times;
  }

 private:
  double rate_per_s_ = 1.0;
  double cv_ = 1.0;
};

const Arrivals::Entry entry("gamma", "open: sessions in bursts, by the variation of the gaps",
                            [] { return std::make_unique<Gamma>(); });

}  // namespace
}  // namespace agentsim::workload
