#include "sim/platform/fabrics/leaves.hpp"

namespace agentsim::platform {
namespace {

class LeafSpineLayout : public Leaves {
 public:
  LeafSpineLayout(const Size& size, int64_t nodes_per_leaf) : Leaves(size), nodes_per_leaf_(nodes_per_leaf) {}

 protected:
  int leaf_of(Port port) const override { return static_cast<int>(port.node / nodes_per_leaf_); }
  std::string leaf_name(int leaf) const override { return fmt::format("leaf{}", leaf); }

 private:
  int64_t nodes_per_leaf_;
};

// All NICs of a node hang on one leaf; leaves meet at the spine.
class LeafSpine : public DescribedFabric<LeafSpine> {
 public:
  template <class V>
  void parameters(V& v) {
    v.field("nodes_per_leaf", nodes_per_leaf_, config::Bounds{1, 1e5}, "nodes on one leaf switch",
            config::Need::required);
    describe_spine(v, spine_);
  }
  std::shared_ptr<const FabricLayout> lay(const FabricCable& cable, const Extent& extent) const override {
    const auto ports = static_cast<double>(nodes_per_leaf_ * extent.rails);
    return std::make_shared<LeafSpineLayout>(
        spine_.size(ceil_div(extent.nodes, nodes_per_leaf_), ports, cable), nodes_per_leaf_);
  }

 private:
  int64_t nodes_per_leaf_ = 1;
  Spine spine_;
};

const Fabrics::Entry entry{"leaf_spine", "leaf switches below a spine, all NICs of a node on one leaf",
                           [] { return std::make_unique<LeafSpine>(); }};

}  // namespace
}  // namespace agentsim::platform
