#pragma once

#include <boost/random/mersenne_twister.hpp>
#include <cstdint>
#include <string_view>

#include "sim/base/hash.hpp"

namespace agentsim {

// A stream of random bits named after its use ("arrival", "session"), so that one more draw in one room never
// shifts another. Boost's engine and distributions give the same numbers with every standard library.
class RandomStream {
 public:
  using Engine = boost::random::mt19937_64;

  RandomStream(uint64_t seed, std::string_view name, uint64_t index = 0)
      : engine_(mix64(Fnv1a().add(seed).add(name).add(index).value())) {}

  Engine& engine() { return engine_; }

  // Uniform in [0, 1), 53 bits.
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

 private:
  Engine engine_;
};

}  // namespace agentsim
