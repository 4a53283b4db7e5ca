#pragma once

#include <array>
#include <vector>

#include "sim/network/traffic.hpp"

namespace agentsim::network {

// What each link has carried: bytes by class, and the time during which a flow was on it.
class LinkLedger {
 public:
  explicit LinkLedger(size_t links) : rows_(links) {}

  void add_bytes(LinkId link, TrafficClass traffic, double bytes) {
    rows_[link].bytes[index(traffic)] += bytes;
  }
  double bytes(LinkId link, TrafficClass traffic) const { return rows_.at(link).bytes[index(traffic)]; }

  void enter(LinkId link, double now_s) {
    Row& row = rows_[link];
    if (row.flows++ == 0) row.busy_since_s = now_s;
  }
  void leave(LinkId link, double now_s) {
    Row& row = rows_[link];
    if (--row.flows == 0) row.busy_s += now_s - row.busy_since_s;
  }
  double busy_s(LinkId link, double now_s) const {
    const Row& row = rows_.at(link);
    return row.flows == 0 ? row.busy_s : row.busy_s + (now_s - row.busy_since_s);
  }

 private:
  struct Row {
    std::array<double, kTrafficClasses> bytes{};
    double busy_s = 0;
    double busy_since_s = 0;
    int flows = 0;
  };
  static size_t index(TrafficClass traffic) { return static_cast<size_t>(traffic); }

  std::vector<Row> rows_;
};

}  // namespace agentsim::network
