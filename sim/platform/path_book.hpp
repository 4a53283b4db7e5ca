#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sim/config/reader.hpp"

namespace agentsim::platform {

// What one pair of devices reached on a path of some class. 0: not measured.
struct PathFigures {
  double bytes_per_s = 0.0;            // one way
  double both_ways_bytes_per_s = 0.0;  // both directions together
  double latency_s = 0.0;              // one way
  std::string source;
  std::string verified;
};

// The limit of what one switch sends to GPUs behind several other root ports, all transfers together. 0: none.
struct PostedWrites {
  double bytes_per_s = 0.0;
  int64_t sources = 2;  // GPUs of the switch that have to send at once
  std::string source;
  std::string verified;
};

// A set of platforms/paths.yaml: measured constants of the paths of one kind of machine.
struct PathBook {
  std::string name;  // empty: a node that names no set
  PathFigures same_switch;
  PathFigures same_socket;
  PathFigures cross_socket;
  PathFigures acs;
  PathFigures host_staged;
  PostedWrites posted_writes;
};

// The set that a word names. An unknown word or a mistake of the file goes to the diagnostics.
PathBook load_path_book(const config::Value& word, Diagnostics& diagnostics);

template <class Visitor>
void describe(Visitor& v, PathFigures& f) {
  using config::kPositive;
  v.field("bandwidth", f.bytes_per_s, Dimension::bandwidth, kPositive, "of one pair, one way");
  v.field("both_ways", f.both_ways_bytes_per_s, Dimension::bandwidth, kPositive,
          "of both directions together");
  v.field("latency", f.latency_s, Dimension::time, kPositive, "one way");
  v.field("source", f.source, "where the figures are from", config::Need::required);
  v.choice("verified", f.verified, {"measured", "datasheet", "estimated"}, "how far to trust them",
           config::Need::required);
}

template <class Visitor>
void describe(Visitor& v, PostedWrites& p) {
  using config::Need;
  v.field("limit", p.bytes_per_s, Dimension::bandwidth, config::kPositive, "of all transfers of a switch",
          Need::required);
  v.field("sources", p.sources, config::Bounds{1, 64}, "GPUs of the switch that have to send at once");
  v.field("source", p.source, "where the figures are from", Need::required);
  v.choice("verified", p.verified, {"measured", "datasheet", "estimated"}, "how far to trust them",
           Need::required);
}

template <class Visitor>
void describe(Visitor& v, PathBook& book) {
  v.section("same_switch", book.same_switch, "PIX");
  v.section("same_socket", book.same_socket, "PHB");
  v.section("cross_socket", book.cross_socket, "SYS");
  v.section("acs", book.acs, "one switch, turned at the root port by access control");
  v.section("host_staged", book.host_staged, "HOST");
  v.section("posted_writes", book.posted_writes, "from one switch to several root ports");
}

}  // namespace agentsim::platform
