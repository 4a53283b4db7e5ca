#include "sim/platform/fabric.hpp"

namespace agentsim::platform {
namespace {

class StarLayout : public FabricLayout {
 public:
  explicit StarLayout(double latency_s) : latency_s_(latency_s) {}
  double cable_latency_s() const override { return latency_s_; }

 private:
  double latency_s_;
};

// Every NIC has one cable to a switch that is never the bottleneck itself.
class Star : public DescribedFabric<Star> {
 public:
  template <class V>
  void parameters(V&) {}
  std::shared_ptr<const FabricLayout> lay(const FabricCable& cable, const Extent&) const override {
    return std::make_shared<StarLayout>(cable.latency_s);
  }
};

const Fabrics::Entry entry{"star", "one switch that is never the bottleneck",
                           [] { return std::make_unique<Star>(); }};

}  // namespace
}  // namespace agentsim::platform
