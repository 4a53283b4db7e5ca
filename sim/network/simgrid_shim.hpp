#pragma once

// What is spelled differently in SimGrid 3.32 ... 4.x. For fabric.cpp only.
// The order matters: version.h and log.h do not compile before the others.
// clang-format off
#include <simgrid/s4u.hpp>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/version.h>
#include <xbt/log.h>
// clang-format on

#include <string>

namespace agentsim::network::shim {

inline simgrid::s4u::NetZone* add_empty_zone([[maybe_unused]] simgrid::s4u::Engine& engine,
                                             const std::string& name) {
#if SIMGRID_VERSION >= 40000
  return engine.get_netzone_root()->add_netzone_empty(name);
#else
  return simgrid::s4u::create_empty_zone(name);
#endif
}

inline simgrid::s4u::Host* add_host(simgrid::s4u::NetZone& zone, const std::string& name, double flop_per_s) {
#if SIMGRID_VERSION >= 40000
  return zone.add_host(name, flop_per_s);
#else
  return zone.create_host(name, flop_per_s);
#endif
}

inline simgrid::s4u::Link* add_link(simgrid::s4u::NetZone& zone, const std::string& name,
                                    double bytes_per_s) {
#if SIMGRID_VERSION >= 40000
  return zone.add_link(name, bytes_per_s);
#else
  return zone.create_link(name, bytes_per_s);
#endif
}

}  // namespace agentsim::network::shim
