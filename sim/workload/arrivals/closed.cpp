#include <nlohmann/json.hpp>

#include "sim/workload/arrival.hpp"
#include "sim/workload/distribution.hpp"

namespace agentsim::workload {
namespace {

// A fixed number of users, each of whom begins a session when the last one has ended. The load follows the
// system's speed, so latency stays bounded when it is overloaded: use it to measure capacity, not waiting.
class Closed : public Described<Closed, Arrival> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("concurrency", concurrency_, config::Bounds{1, 1e6}, "sessions that run at any time",
            config::Need::required);
    v.value("think", think_, "pause between the end of a session and the next that takes its place");
  }
  std::optional<int> concurrency() const override { return static_cast<int>(concurrency_); }
  double pause_s(size_t session, uint64_t seed) const override {
    RandomStream random(seed, "pause", session);
    return think_.draw(random);
  }
  std::vector<double> times_s(size_t, const SessionSource&, uint64_t) const override { return {}; }

 private:
  int64_t concurrency_ = 1;
  Distribution think_{0.0, Dimension::time};
};

const Arrivals::Entry entry("closed", "closed: the next session begins when one ends",
                            [] { return std::make_unique<Closed>(); });

}  // namespace
}  // namespace agentsim::workload
