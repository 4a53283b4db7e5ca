#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/network/traffic.hpp"

namespace agentsim::network {

// The links in SimGrid, and the streams of bytes on them. The only place that includes SimGrid; one a
// process. All links have latency 0: SimGrid would share a link in inverse proportion to the latency of the
// routes.
class Fabric {
 public:
  using RouteId = uint32_t;
  using CapId = uint32_t;
  static constexpr CapId kNoCap = 0xffffffffU;

  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_wake() = 0;
    // The stream is gone. Called from inside SimGrid: must neither start nor stop streams.
    virtual void on_stream_end(uint64_t tag) = 0;
  };
  struct Stream;

  explicit Fabric(Listener& listener);
  ~Fabric();

  // Makes the platform, with room for some 60 000 routes more than were added. Once a process.
  void build(const std::vector<LinkSpec>& links, size_t caps);
  bool is_built() const;
  // A cap holds the streams of a route to a rate of their own.
  RouteId add_route(std::vector<LinkId> links, CapId cap = kNoCap);
  // Above 0.
  void set_cap(CapId cap, double bytes_per_s);

  // bytes > 0. The listener gets the tag when the last byte has arrived.
  Stream* start(RouteId route, uint64_t bytes, uint64_t tag);
  // The stream is gone, and the listener will not hear of it. Returns the bytes that were left.
  double stop(Stream* stream);

  double clock() const;
  void wake_at(double time_s);
  // Ends when neither streams nor wake-ups are left. An exception of the listener ends the streams, and is
  // thrown from here.
  void run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace agentsim::network
