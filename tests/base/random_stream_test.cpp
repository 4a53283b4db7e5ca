#include "sim/base/random_stream.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace agentsim {
namespace {

constexpr size_t kDraws = 100'000;

std::vector<double> draws(RandomStream stream, size_t count = kDraws) {
  std::vector<double> all(count);
  for (double& value : all) value = stream.uniform();
  return all;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  // Both are uniform: mean 1/2, variance 1/12.
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - 0.5) * (b[i] - 0.5);
  return sum / static_cast<double>(a.size()) * 12.0;
}

TEST_CASE("the engine is the mt19937_64 of the standard") {
  // ISO C++ [rand.predef]: the 10000th draw of a default engine.
  RandomStream::Engine engine;
  engine.discard(9999);
  CHECK(engine() == 9981545732273789042ULL);
}

TEST_CASE("a stream is the engine seeded with the mixed hash of seed and name and index") {
  RandomStream stream(7, "arrival", 3);
  RandomStream::Engine engine(mix64(Fnv1a().add(uint64_t{7}).add("arrival").add(uint64_t{3}).value()));
  for (int i = 0; i < 5; ++i) CHECK(stream.uniform() == std::ldexp(static_cast<double>(engine() >> 11), -53));
}

TEST_CASE("the same seed and name and index give the same draws") {
  CHECK(draws(RandomStream(7, "arrival", 3), 10) == draws(RandomStream(7, "arrival", 3), 10));
}

TEST_CASE("streams of other names or seeds or indices are uncorrelated") {
  // Given 1e5 pairs the correlation of independent draws has a deviation of 0.0032; five of those are
  // allowed.
  const std::vector<double> base = draws(RandomStream(1, "session", 0));
  for (const RandomStream& other :
       {RandomStream(1, "sessions", 0), RandomStream(1, "arrival", 0), RandomStream(1, "", 0),
        RandomStream(2, "session", 0), RandomStream(1, "session", 1)})
    CHECK(std::abs(correlation(base, draws(other))) < 0.016);
  CHECK(correlation(base, base) == doctest::Approx(1.0).epsilon(0.02));
}

TEST_CASE("a draw more in one stream does not move another") {
  RandomStream a(5, "tool");
  RandomStream b(5, "router");
  const std::vector<double> undisturbed = draws(RandomStream(5, "router"), 20);
  for (const double expected : undisturbed) {
    a.uniform();
    a.uniform();
    CHECK(b.uniform() == expected);
  }
}

TEST_CASE("uniform draws stay in the unit interval and fill it evenly") {
  const std::vector<double> all = draws(RandomStream(11, "uniform"));
  std::vector<int> tenth(10, 0);
  for (const double value : all) {
    REQUIRE(value >= 0.0);
    REQUIRE(value < 1.0);
    ++tenth[static_cast<size_t>(value * 10.0)];
  }
  // A tenth of 1e5 draws has a deviation of 95.
  for (const int count : tenth) CHECK(std::abs(count - 10'000) < 475);
}

}  // namespace
}  // namespace agentsim
