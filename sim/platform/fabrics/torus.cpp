#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "sim/platform/fabric.hpp"

namespace agentsim::platform {
namespace {

constexpr const char* kAxes = "xyzuvw";
constexpr size_t kMaxAxes = 6;

// Nodes along each axis. Node n has the coordinates n % d0, n / d0 % d1, ...
struct Dimensions {
  std::vector<int64_t> sizes;

  int64_t nodes() const {
    int64_t product = 1;
    for (const int64_t size : sizes) product *= size;
    return product;
  }
};

void parse(const config::Value& value, Dimensions& dimensions, Diagnostics& diagnostics) {
  if (!value.is_list() || value.items().empty() || value.items().size() > kMaxAxes) {
    diagnostics.add(value.mistake("'dimensions' wants a list of 1 to 6 whole numbers, such as [4, 4, 4]"));
    return;
  }
  for (const config::Value& item : value.items()) {
    double size = 0.0;
    if (!config::read_quantity(item, "dimensions", Dimension::number, {1.0, 1e5}, size, diagnostics))
      continue;
    dimensions.sizes.push_back(static_cast<int64_t>(size));
    if (static_cast<double>(dimensions.sizes.back()) != size)
      diagnostics.add(item.mistake("'dimensions' wants whole numbers"));
  }
}

nlohmann::ordered_json dump_json(const Dimensions& dimensions) {
  return dimensions.sizes;
}

// Dimension-order routing: along x first, then y, ..., each the shorter way round; half way round goes
// forward.
class TorusLayout : public FabricLayout {
 public:
  TorusLayout(const FabricCable& link, Dimensions dimensions, int nodes)
      : link_(link), dimensions_(std::move(dimensions)), nodes_(nodes) {}

  // The NICs are the routers' own ports: a cable's latency counts once for each neighbour passed.
  double cable_latency_s() const override { return 0.0; }
  // Of each node and axis one forward and one back.
  int link_count() const override { return nodes_ * links_per_node(); }
  std::string link_name(int link) const override {
    const int own = link % links_per_node();
    return fmt::format("fabric/n{}{}{}", link / links_per_node(), own % 2 == 0 ? '+' : '-', kAxes[own / 2]);
  }
  double link_bytes_per_s(int) const override { return link_.bytes_per_s; }
  bool can_be_bottleneck() const override { return true; }
  std::vector<Hop> hops(Port from, Port to) const override {
    std::vector<Hop> path;
    int64_t at = from.node;
    int64_t stride = 1;
    for (size_t axis = 0; axis < dimensions_.sizes.size(); ++axis) {
      const int64_t size = dimensions_.sizes[axis];
      const int64_t ahead = (to.node / stride % size - at / stride % size + size) % size;
      const bool is_forward = 2 * ahead <= size;
      for (int64_t left = is_forward ? ahead : size - ahead; left > 0; --left) {
        path.push_back(
            {static_cast<int>(at) * links_per_node() + static_cast<int>(2 * axis) + (is_forward ? 0 : 1),
             link_.latency_s});
        const int64_t here = at / stride % size;
        at += ((here + (is_forward ? 1 : size - 1)) % size - here) * stride;
      }
      stride *= size;
    }
    return path;
  }

 private:
  int links_per_node() const { return 2 * static_cast<int>(dimensions_.sizes.size()); }

  FabricCable link_;
  Dimensions dimensions_;
  int nodes_;
};

// Nodes joined to their neighbours along each axis, without switches. `link_bandwidth` and `latency` are
// those of one link between neighbours; a NIC enters its node's router at the same bandwidth.
class Torus : public DescribedFabric<Torus> {
 public:
  template <class V>
  void parameters(V& v) {
    v.value("dimensions", dimensions_, "nodes along each axis", config::Need::required);
  }
  std::optional<Misfit> misfit(const Extent& extent) const override {
    if (dimensions_.sizes.empty() || dimensions_.nodes() == extent.nodes) return {};
    return Misfit{"dimensions",
                  fmt::format("a torus of {} joins {} nodes, but the cluster has {}",
                              fmt::join(dimensions_.sizes, " x "), dimensions_.nodes(), extent.nodes)};
  }
  std::shared_ptr<const FabricLayout> lay(const FabricCable& cable, const Extent& extent) const override {
    return std::make_shared<TorusLayout>(cable, dimensions_, extent.nodes);
  }

 private:
  Dimensions dimensions_;
};

const Fabrics::Entry entry{"torus", "nodes joined to their neighbours, dimension-order routing",
                           [] { return std::make_unique<Torus>(); }};

}  // namespace
}  // namespace agentsim::platform
