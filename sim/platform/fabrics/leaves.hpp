#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "sim/platform/fabric.hpp"

namespace agentsim::platform {

// Leaf switches below a spine. The uplinks of a leaf are one link up and one down with the sum of their
// bandwidths: ideal ECMP. Hashing that puts two flows on one uplink is not modelled, so real fabrics are
// slower than this.
class Leaves : public FabricLayout {
 public:
  struct Size {
    int count = 1;
    double uplink_bytes_per_s = 0.0;  // of a leaf and direction
    bool is_blocking = false;         // the uplinks are narrower than the cables below
    double cable_latency_s = 0.0;
    double spine_latency_s = 0.0;  // leaf to spine, one way
  };
  explicit Leaves(const Size& size) : size_(size) {}

  double cable_latency_s() const override { return size_.cable_latency_s; }
  // Link 2l goes up from leaf l, 2l + 1 comes down to it.
  int link_count() const override { return 2 * size_.count; }
  std::string link_name(int link) const override {
    const std::string leaf = leaf_name(link / 2);
    return link % 2 == 0 ? "fabric/" + leaf + ">spine" : "fabric/spine>" + leaf;
  }
  double link_bytes_per_s(int) const override { return size_.uplink_bytes_per_s; }
  bool can_be_bottleneck() const override { return size_.is_blocking && size_.count > 1; }
  std::vector<Hop> hops(Port from, Port to) const override {
    const int up = leaf_of(from);
    const int down = leaf_of(to);
    if (up == down) return {};
    return {{2 * up, size_.spine_latency_s}, {2 * down + 1, size_.spine_latency_s}};
  }
  // The world outside is reached through the spine.
  std::vector<Hop> hops_in(Port to) const override { return {{2 * leaf_of(to) + 1, size_.spine_latency_s}}; }
  std::vector<Hop> hops_out(Port from) const override { return {{2 * leaf_of(from), size_.spine_latency_s}}; }

 protected:
  virtual int leaf_of(Port port) const = 0;
  virtual std::string leaf_name(int leaf) const = 0;

 private:
  Size size_;
};

// What the spine of such a fabric is told.
struct Spine {
  double oversubscription = 1.0;
  double latency_s = 0.0;

  // Uplinks are built for full leaves of `ports` cables each.
  Leaves::Size size(int leaves, double ports, const FabricCable& cable) const {
    return {leaves, ports * cable.bytes_per_s / oversubscription, oversubscription > 1.0, cable.latency_s,
            latency_s};
  }
};

template <class V>
void describe_spine(V& v, Spine& spine) {
  v.field("oversubscription", spine.oversubscription, Dimension::number, config::Bounds{1.0, 1e3},
          "cables below a leaf / its uplinks; 1: non-blocking");
  v.field("spine_latency", spine.latency_s, Dimension::time, config::kNotNegative, "leaf to spine, one way");
}

// Leaves that `items` fill, `each` on one; the last may be part full.
inline int ceil_div(int items, int64_t each) {
  return static_cast<int>((items + each - 1) / each);
}

}  // namespace agentsim::platform
