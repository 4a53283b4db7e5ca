#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/registry.hpp"
#include "sim/config/dumper.hpp"
#include "sim/config/reader.hpp"

namespace agentsim::platform {

// What all fabrics are told of the cables that leave a node.
struct FabricCable {
  double bytes_per_s = 0.0;  // of one direction
  double latency_s = 0.0;
};

// What a fabric has to join.
struct Extent {
  int nodes = 1;
  int rails = 1;  // NICs of the node that has most
};

// A NIC as the fabric sees it.
struct Port {
  int node = 0;
  int rail = 0;  // its place among the NICs of its node
};

// A directed link of the fabric itself that a transfer crosses.
struct Hop {
  int link = 0;
  double latency_s = 0.0;
};

// The directed links between the NICs' cables, and who crosses which. Nothing in it grows with the pairs of
// nodes.
class FabricLayout {
 public:
  virtual ~FabricLayout() = default;
  // Of the cable between a NIC and the fabric.
  virtual double cable_latency_s() const = 0;
  virtual int link_count() const { return 0; }
  virtual std::string link_name(int /*link*/) const { return {}; }
  virtual double link_bytes_per_s(int /*link*/) const { return 0.0; }
  // Whether a link of the fabric can be narrower than all that enters it. If not, the links only add latency
  // and are left out of routes, so that flows of strangers share nothing.
  virtual bool can_be_bottleneck() const { return false; }
  // In order; between the cable out of one node and the cable into another.
  virtual std::vector<Hop> hops(Port /*from*/, Port /*to*/) const { return {}; }
  // From where clients and stores outside the nodes stand, to the cable into a node, and back.
  virtual std::vector<Hop> hops_in(Port /*to*/) const { return {}; }
  virtual std::vector<Hop> hops_out(Port /*from*/) const { return {}; }
  // What goes from one rail to another is to change rails inside the sender's node, where NVLink allows it.
  virtual bool changes_rail_inside() const { return false; }
};

// A key of the fabric's map and what is wrong with it.
struct Misfit {
  std::string key;
  std::string message;
};

// The parameters of a kind of fabric beside its cables. Registered by the kind's own .cpp file.
class FabricOptions {
 public:
  virtual ~FabricOptions() = default;
  virtual void visit(config::Reader& v) = 0;
  virtual void visit(config::Dumper& v) = 0;
  virtual std::optional<Misfit> misfit(const Extent&) const { return {}; }
  // The extent was found to fit.
  virtual std::shared_ptr<const FabricLayout> lay(const FabricCable& cable, const Extent& extent) const = 0;
};

using Fabrics = Registry<FabricOptions>;

// Makes the visits of a kind from its one declaration `template <class V> void parameters(V& v)`.
template <class Kind>
class DescribedFabric : public FabricOptions {
 public:
  void visit(config::Reader& v) override { static_cast<Kind&>(*this).parameters(v); }
  void visit(config::Dumper& v) override { static_cast<Kind&>(*this).parameters(v); }
};

// The `fabric:` map of a cluster.
struct Fabric {
  std::string kind = "star";
  double bytes_per_s = 0.0;  // of a NIC's cable, one direction
  double latency_s = 0.0;    // of a NIC's cable
  std::shared_ptr<FabricOptions>
      options;  // never changed once read, so copies share it; none: those of the kind

  std::optional<Misfit> misfit(const Extent& extent) const;
  std::shared_ptr<const FabricLayout> lay(const Extent& extent) const;
};

template <class Visitor>
void describe(Visitor& v, Fabric& fabric) {
  using config::Need;
  v.choice("kind", fabric.kind, Fabrics::names(), "how nodes are joined");
  v.field("link_bandwidth", fabric.bytes_per_s, Dimension::bandwidth, config::kPositive, "of a NIC's cable",
          Need::required);
  v.field("latency", fabric.latency_s, Dimension::time, config::kNotNegative, "of a NIC's cable");
  if (!fabric.options) fabric.options = Fabrics::make(fabric.kind);
  fabric.options->visit(v);
}

// Of an unknown kind nothing is said about keys that only that kind could have.
void parse(const config::Value& map, Fabric& fabric, Diagnostics& diagnostics);
nlohmann::ordered_json dump_json(const Fabric& fabric);

}  // namespace agentsim::platform
