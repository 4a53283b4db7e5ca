#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace agentsim::network {

using LinkId = uint32_t;
using PathId = uint32_t;
using GroupId = uint32_t;
// 0 names no flow.
using FlowId = uint64_t;

// One direction of one cable.
struct LinkSpec {
  std::string name;
  double bytes_per_s;
};

// Links in order of travel. A link that is crossed twice is listed twice and counts twice.
struct Path {
  std::vector<LinkId> links;
  double latency_s;
};

// Why bytes travel: a column of the link statistics.
enum class TrafficClass : uint8_t {
  tensor_parallel,
  expert_parallel,
  pipeline,
  kv_handoff,  // prefill -> decode replica
  kv_offload,  // to and from host memory or disk
  kv_fetch,    // prefix blocks from another replica
  weights,
  ingress,
  egress,
  tool,
  background,
};
constexpr size_t kTrafficClasses = static_cast<size_t>(TrafficClass::background) + 1;

// As in the column names of the results.
const char* name(TrafficClass traffic);

// Told that the last byte of a flow has arrived.
class FlowTarget {
 public:
  virtual ~FlowTarget() = default;
  virtual void on_flow_end(FlowId flow, uint64_t payload) = 0;
};

// Told that FlowNet::group_rate() of its group has another value than it was last told or read. Always called
// as an event of its own, never from within send(), cancel() or set_group_mean_rate(), so it may call any of
// them.
class GroupWatcher {
 public:
  virtual ~GroupWatcher() = default;
  virtual void on_rate_change(GroupId group) = 0;
};

}  // namespace agentsim::network
