#include <nlohmann/json.hpp>

#include "sim/workload/arrival.hpp"
#include "sim/workload/distribution.hpp"

namespace agentsim::workload {
namespace {

// People who each keep a number of agents at work. A person's attention can be a resource of the scenario
// with `per_person`, on which the human gaps of all their agents queue.
class People : public Described<People, Arrival> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("people", people_, config::Bounds{1, 1e6}, "how many", config::Need::required);
    v.field("agents", agents_, config::Bounds{1, 1e4}, "sessions that each has at work at any time",
            config::Need::required);
    v.value("think", think_, "pause between the end of a session and the next that takes its place");
  }
  std::optional<int> concurrency() const override { return static_cast<int>(people_ * agents_); }
  int agents_a_person() const override { return static_cast<int>(agents_); }
  double pause_s(size_t session, uint64_t seed) const override {
    RandomStream random(seed, "pause", session);
    return think_.draw(random);
  }
  std::vector<double> times_s(size_t, const SessionSource&, uint64_t) const override { return {}; }

 private:
  int64_t people_ = 1;
  int64_t agents_ = 1;
  Distribution think_{0.0, Dimension::time};
};

const Arrivals::Entry entry("people", "closed: people who each keep a number of agents at work",
                            [] { return std::make_unique<People>(); });

}  // namespace
}  // namespace agentsim::workload
