#pragma once

#include <fmt/format.h>

#include "sim/base/hash.hpp"

namespace agentsim {

// Which half a row of a measured table is in, by what it is a measurement of: even ones are fitted, the others judge.
// Numbers count as text, so that the half does not depend on how a file writes them, and repeated measurements of
// one thing stand in one half.
template <class... Parts>
bool even_hash(const Parts&... parts) {
  Fnv1a hash;
  (hash.add(fmt::format("{}|", parts)), ...);
  return mix64(hash.value()) % 2 == 0;
}

}  // namespace agentsim
