#include "sim/platform/fabrics/leaves.hpp"

namespace agentsim::platform {
namespace {

class RailLayout : public Leaves {
 public:
  RailLayout(const Size& size, int64_t nodes_per_pod, int rails, bool pxn)
      : Leaves(size), nodes_per_pod_(nodes_per_pod), rails_(rails), pxn_(pxn) {}

  bool changes_rail_inside() const override { return pxn_; }

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
  bool pxn_;
};

// A rail-optimised fat tree: NIC i of every node of a pod hangs on the pod's leaf i, so NICs of one rail meet
// there; all others meet at the spine. With `pxn` (NCCL's PCI x NVLink) a message for another rail first goes over NVLink
// to the GPU of its own node that has that rail's NIC, and so stays below the leaf.
class Rail : public DescribedFabric<Rail> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("nodes_per_pod", nodes_per_pod_, config::Bounds{1, 1e5}, "nodes on one set of leaves",
            config::Need::required);
    describe_spine(v, spine_);
    v.field("pxn", pxn_, "messages change rails over NVLink in the sender's node");
  }
  std::shared_ptr<const FabricLayout> lay(const FabricCable& cable, const Extent& extent) const override {
    const int leaves = ceil_div(extent.nodes, nodes_per_pod_) * extent.rails;
    const Leaves::Size size = spine_.size(leaves, static_cast<double>(nodes_per_pod_), cable);
    return std::make_shared<RailLayout>(size, nodes_per_pod_, extent.rails, pxn_);
  }

 private:
  int64_t nodes_per_pod_ = 1;
  bool pxn_ = false;
  Spine spine_;
};

const Fabrics::Entry entry{"rail", "rail-optimised fat tree: NIC i of a pod's nodes on leaf i",
                           [] { return std::make_unique<Rail>(); }};

}  // namespace
}  // namespace agentsim::platform
