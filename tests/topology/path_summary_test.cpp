#include "analysis/topology/path_summary.hpp"

#include <doctest/doctest.h>

#include "tests/platform/hand_made.hpp"

namespace agentsim::topology {
namespace {

using platform::one_switch;
using platform::PathClass;

TEST_CASE("each class of paths is summed up by its first pair") {
  // Three GPUs: two of a switch, one at a root port of the socket.
  platform::PathBook book;
  book.same_socket = {35e9, 66e9, 1e-6, "a page", "measured"};
  const platform::NodeTopology topology = one_switch()
                                              .device("gpu2", platform::DeviceKind::gpu)
                                              .device("rp1", platform::DeviceKind::root_port)
                                              .cable("gpu2", "rp1")
                                              .cable("rp1", "cpu0", "internal", 128.0)
                                              .paths(book)
                                              .topology();
  const std::vector<PathSummary> rows = path_summaries(topology);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].path_class == PathClass::pix);
  CHECK(rows[0].pairs == 1);
  CHECK(rows[0].bytes_per_s == 50e9);
  CHECK(rows[0].both_ways_bytes_per_s == doctest::Approx(100e9));
  CHECK(rows[0].measured == nullptr);
  CHECK(rows[1].path_class == PathClass::phb);
  CHECK(rows[1].pairs == 2);
  CHECK(rows[1].from == "gpu0");
  CHECK(rows[1].to == "gpu2");
  // The cables give 40 one way; a device sends 35.
  CHECK(rows[1].bytes_per_s == 35e9);
  CHECK(rows[1].both_ways_bytes_per_s == doctest::Approx(70e9));
  REQUIRE(rows[1].measured != nullptr);
  CHECK(rows[1].measured->both_ways_bytes_per_s == 66e9);
}

TEST_CASE("a pair that access control turns is held against what was measured with it") {
  platform::PathBook book;
  book.acs = {25e9, 50e9, 0.0, "a page", "measured"};
  const platform::NodeTopology topology = one_switch().acs(true).paths(book).topology();
  const std::vector<PathSummary> rows = path_summaries(topology);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].bytes_per_s == 25e9);
  // Both ways want 50 of an uplink of 40 GB/s a direction, which each crosses both ways.
  CHECK(rows[0].both_ways_bytes_per_s == doctest::Approx(40e9));
  REQUIRE(rows[0].measured != nullptr);
  CHECK(rows[0].measured->bytes_per_s == 25e9);
}

}  // namespace
}  // namespace agentsim::topology
