#include "sim/platform/fabrics/leaves.hpp"

namespace agentsim::platform {
namespace {

class RailLayout : public Leaves {
 public:
  RailLayout(const Size& size, int64_t nodes_per_pod, int rails)
      : Leaves(size), nodes_per_pod_(nodes_per_pod), rails_(rails) {}

 protected:
  int leaf_of(Port port) const override {
    return static_cast<int>(port.node / nodes_per_pod_) * rails_ + port.rail;
  }
  std::string leaf_name(int leaf) const override {
    return fmt::format("pod{}_rail{}", leaf / rails_, leaf % rails_);
  }

 private:
  int64_t nodes_per_pod_;
  int rails_;
};

// A rail-optimised fat tree: NIC i of every node of a pod hangs on the pod's leaf i, so NICs of one rail meet
// there; all others meet at the spine. Data is not moved to another rail inside a node first (no PXN).
class Rail : public DescribedFabric<Rail> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("nodes_per_pod", nodes_per_pod_, config::Bounds{1, 1e5}, "nodes on one set of leaves",
            config::Need::required);
    describe_spine(v, spine_);
  }
  std::shared_ptr<const FabricLayout> lay(const FabricCable& cable, const Extent& extent) const override {
    const int leaves = ceil_div(extent.nodes, nodes_per_pod_) * extent.rails;
    const Leaves::Size size = spine_.size(leaves, static_cast<double>(nodes_per_pod_), cable);
    return std::make_shared<RailLayout>(size, nodes_per_pod_, extent.rails);
  }

 private:
  int64_t nodes_per_pod_ = 1;
  Spine spine_;
};

const Fabrics::Entry entry{"rail", "rail-optimised fat tree: NIC i of a pod's nodes on leaf i",
                           [] { return std::make_unique<Rail>(); }};

}  // namespace
}  // namespace agentsim::platform
