#include "analysis/topology/bisection.hpp"

#include <doctest/doctest.h>

#include "tests/platform/hand_made.hpp"

namespace agentsim::topology {
namespace {

using doctest::Approx;
using platform::DeviceKind;
using platform::hand_made;
using platform::HandMade;

// Two switches with two GPUs of 50 GB/s each, joined by 60 GB/s.
HandMade two_switches() {
  return hand_made()
      .gpus(4)
      .device("sw0", DeviceKind::pcie_switch)
      .device("sw1", DeviceKind::pcie_switch)
      .cable("gpu0", "sw0")
      .cable("gpu1", "sw0")
      .cable("gpu2", "sw1")
      .cable("gpu3", "sw1")
      .cable("sw0", "sw1", "pcie", 60.0);
}

TEST_CASE("the narrowest cut between the halves of the GPUs is the bisection") {
  CHECK(bisection_bytes_per_s(two_switches().topology()) == Approx(60e9));
}

TEST_CASE("where all sit on one switch their own cables are the cut") {
  CHECK(bisection_bytes_per_s(platform::one_switch().topology()) == Approx(50e9));
}

TEST_CASE("links that no route between the halves takes do not count") {
  // NVLink is preferred, so the PCIe of 60 GB/s between the same GPUs carries nothing.
  const HandMade bridged = two_switches()
                               .cable("gpu0", "gpu2", "nvlink4", 100.0)
                               .cable("gpu0", "gpu3", "nvlink4", 100.0)
                               .cable("gpu1", "gpu2", "nvlink4", 100.0)
                               .cable("gpu1", "gpu3", "nvlink4", 100.0);
  CHECK(bisection_bytes_per_s(bridged.topology()) == Approx(400e9));
}

TEST_CASE("a single GPU has no bisection") {
  const HandMade alone = hand_made().gpus(1).device("sw0", DeviceKind::pcie_switch).cable("gpu0", "sw0");
  CHECK(bisection_bytes_per_s(alone.topology()) == 0.0);
}

}  // namespace
}  // namespace agentsim::topology
