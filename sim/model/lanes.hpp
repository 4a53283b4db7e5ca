#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/model/protocol.hpp"

namespace agentsim::model {

// Sets of links that a replica's collectives cross, each used by one pattern of flows at a time.
enum class Lane : uint8_t {
  tensor,     // rings of all GPUs of a stage
  attention,  // rings of those that share an attention head group, where attention is data-parallel
  expert,     // all-to-all of a stage
  pipeline,   // from each GPU of a stage to its peer in the next
};
constexpr size_t kLanes = 4;
constexpr std::array<Lane, kLanes> kAllLanes{Lane::tensor, Lane::attention, Lane::expert, Lane::pipeline};

// Bytes/s of a flow on each lane.
struct LaneRates {
  std::array<double, kLanes> values{};

  double& operator[](Lane lane) { return values[static_cast<size_t>(lane)]; }
  double operator[](Lane lane) const { return values[static_cast<size_t>(lane)]; }
};

// What the collectives of some work cost on each lane.
struct LaneCosts {
  std::array<CollectiveCost, kLanes> values{};

  CollectiveCost& operator[](Lane lane) { return values[static_cast<size_t>(lane)]; }
  const CollectiveCost& operator[](Lane lane) const { return values[static_cast<size_t>(lane)]; }
  LaneCosts& operator+=(const LaneCosts& other) {
    for (size_t i = 0; i < kLanes; ++i) values[i] += other.values[i];
    return *this;
  }
  LaneCosts times(double count) const {
    LaneCosts all;
    for (size_t i = 0; i < kLanes; ++i) all.values[i] = values[i].times(count);
    return all;
  }
  // One after the other.
  double seconds(const LaneRates& rates) const {
    double sum = 0.0;
    for (size_t i = 0; i < kLanes; ++i) sum += values[i].seconds(rates.values[i]);
    return sum;
  }
};

}  // namespace agentsim::model
