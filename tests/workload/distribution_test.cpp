#include "sim/workload/distribution.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "sim/workload/shape.hpp"
#include "tests/workload/helpers.hpp"

namespace agentsim::workload {
namespace {

Distribution read(const std::string& yaml, Dimension dimension = Dimension::number) {
  Distribution out(0.0, dimension);
  Diagnostics diagnostics;
  parse(config::Value::parse(yaml, "d.yaml"), out, diagnostics);
  diagnostics.throw_if_any();
  return out;
}

std::string error(const std::string& yaml, Dimension dimension = Dimension::number) {
  try {
    read(yaml, dimension);
    return "";
  } catch (const ConfigError& e) {
    return without_folders(e.what());
  }
}

std::vector<double> draws(const Distribution& distribution, size_t count = 200'000) {
  RandomStream random(7, "test");
  std::vector<double> all(count);
  for (double& value : all) value = distribution.draw(random);
  std::sort(all.begin(), all.end());
  return all;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))];
}

TEST_CASE("draws of each kind have the mean that the formula says") {
  for (const char* yaml :
       {"12", "{uniform: {low: 2, high: 6}}", "{exponential: {mean: 5}}",
        "{lognormal: {median: 705, p90: 4064}}", "{lognormal: {mu: 1.5, sigma: 0.8}}",
        "{gamma: {mean: 3, shape: 0.5}}", "{weibull: {scale: 4, shape: 0.7}}", "{pareto: {low: 1, shape: 4}}",
        "{quantiles: {p0: 2, p50: 10, p90: 400, p100: 500}}", "{quantiles: {p0: 0, p50: 4, p90: 9, tail: 3}}",
        "{geometric: {mean: 256}}", "{geometric: {mean: 1}}", "{poisson: {mean: 2.5}}",
        "{mixture: [{weight: 3, of: 10}, {weight: 1, of: {exponential: {mean: 2}}}]}"}) {
    CAPTURE(yaml);
    const Distribution distribution = read(yaml);
    REQUIRE(distribution.mean());
    CHECK(mean_of(draws(distribution)) == doctest::Approx(*distribution.mean()).epsilon(0.02));
  }
}

TEST_CASE("a lognormal by its median and 90th percentile has them") {
  const std::vector<double> all = draws(read("{lognormal: {median: 9 s, p90: 74 s}}", Dimension::time));
  CHECK(quantile(all, 0.5) == doctest::Approx(9.0).epsilon(0.02));
  CHECK(quantile(all, 0.9) == doctest::Approx(74.0).epsilon(0.02));
}

TEST_CASE("a geometric distribution begins at one and halves") {
  // Given a mean of 2, a half of the draws are 1, a quarter 2.
  const std::vector<double> all = draws(read("{geometric: {mean: 2}}"));
  CHECK(all.front() == 1.0);
  const auto ones = std::count(all.begin(), all.end(), 1.0);
  const auto twos = std::count(all.begin(), all.end(), 2.0);
  CHECK(static_cast<double>(ones) == doctest::Approx(100'000).epsilon(0.02));
  CHECK(static_cast<double>(twos) == doctest::Approx(50'000).epsilon(0.02));
}

TEST_CASE("limits move draws to them and leave no closed mean") {
  const Distribution distribution =
      read("{exponential: {mean: 10 s}, min: 1 s, max: 1 min}", Dimension::time);
  const std::vector<double> all = draws(distribution);
  CHECK(all.front() == 1.0);
  CHECK(all.back() == 60.0);
  CHECK_FALSE(distribution.mean());
  CHECK(dump_json(distribution).dump() == R"({"exponential":{"mean":10.0},"min":1.0,"max":60.0})");
}

TEST_CASE("a pareto with an infinite mean says that it has none") {
  CHECK_FALSE(read("{pareto: {low: 1, shape: 1}}").mean());
}

TEST_CASE("an empirical distribution draws the values of its column, each equally often") {
  const TestFolder folder;
  const std::string file = folder.write("t.csv", "tool,dur_s\nls,1\ncc,4\ngo,4\nrm,7\n");
  const Distribution distribution = read("{empirical: {file: " + file + ", column: dur_s}}", Dimension::time);
  const std::vector<double> all = draws(distribution);
  CHECK(*distribution.mean() == 4.0);
  CHECK(static_cast<double>(std::count(all.begin(), all.end(), 4.0)) ==
        doctest::Approx(100'000).epsilon(0.02));
  CHECK(static_cast<double>(std::count(all.begin(), all.end(), 7.0)) ==
        doctest::Approx(50'000).epsilon(0.02));
}

TEST_CASE("whole draws are rounded and kept within their limits") {
  RandomStream random(1, "test");
  CHECK(read("2.6").draw_count(random) == 3);
  CHECK(read("0").draw_count(random, 1) == 1);
  CHECK(read("1e30").draw_count(random) == 1U << 30);
}

TEST_CASE("every kind refuses what is not its parameter") {
  for (const std::string& kind : Shapes::names()) {
    CAPTURE(kind);
    CHECK_FALSE(error("{" + kind + ": {no_such_key: 1}}").empty());
    CHECK_FALSE(error("{" + kind + ": nan}").empty());
  }
}

TEST_CASE("a misspelt kind is answered with the nearest and all kinds") {
  CHECK(error("{lognormel: {mu: 1, sigma: 1}}") ==
        "d.yaml:1:2: unknown distribution 'lognormel'\n"
        "    1 | {lognormel: {mu: 1, sigma: 1}}\n"
        "      |  ^~~~~~~~~ did you mean 'lognormal'?\n"
        "  valid: constant, empirical, exponential, gamma, geometric, lognormal, mixture, pareto, poisson, "
        "quantiles, uniform, "
        "weibull");
}

TEST_CASE("a mistake in a distribution is told with its place") {
  CHECK(error("{exponential: {mean: -3}}") ==
        "d.yaml:1:22: 'mean' must be greater than 0, not -3\n"
        "    1 | {exponential: {mean: -3}}\n"
        "      |                      ^~");
  CHECK(error("{exponential: {mean: 3 GB}}", Dimension::time) ==
        "d.yaml:1:22: 'mean' has the unit 'GB' but wants a time such as '50 us' or '2 h'\n"
        "    1 | {exponential: {mean: 3 GB}}\n"
        "      |                      ^~~~\n"
        "  valid: d, h, min, ms, ns, s, us");
  CHECK(error("nan") == "d.yaml:1:1: wants a number or a distribution, not 'nan'\n    1 | nan\n      | ^~~");
  CHECK(error("-1") == "d.yaml:1:1: 'value' must be at least 0, not -1\n    1 | -1\n      | ^~");
  CHECK(error("[1, 2]") ==
        "d.yaml:1:1: wants a number or a distribution, not a list\n    1 | [1, 2]\n      | ^");
  CHECK(error("{uniform: {low: 5, high: 3}}") ==
        "d.yaml:1:17: 'low' is greater than 'high'\n"
        "    1 | {uniform: {low: 5, high: 3}}\n"
        "      |                 ^");
  CHECK(error("{lognormal: {median: 5, sigma: 3}}") ==
        "d.yaml:1:13: a lognormal wants either 'median' and 'p90' or 'mu' and 'sigma'\n"
        "    1 | {lognormal: {median: 5, sigma: 3}}\n"
        "      |             ^");
  CHECK(error("{geometric: {mean: 4}, poisson: {mean: 2}}") ==
        "d.yaml:1:24: a distribution has one kind, but here stand 'geometric' and 'poisson'\n"
        "    1 | {geometric: {mean: 4}, poisson: {mean: 2}}\n"
        "      |                        ^~~~~~~");
  CHECK(error("{geometric: {mean: 4}, min: 3, max: 2}") ==
        "d.yaml:1:29: 'min' (3) is greater than 'max' (2)\n"
        "    1 | {geometric: {mean: 4}, min: 3, max: 2}\n"
        "      |                             ^");
  CHECK(error("{mixture: []}") ==
        "d.yaml:1:11: 'mixture' wants a list of {weight, of}, not an empty list\n"
        "    1 | {mixture: []}\n"
        "      |           ^");
}

TEST_CASE("a wrong value in an empirical file is told with its line") {
  const TestFolder folder;
  const std::string file = folder.write("t.csv", "dur_s\n1\nnan\n-2\n");
  CHECK(error("{empirical: {file: " + file + ", column: dur_s}}") ==
        "t.csv:3:1: dur_s is not a number: 'nan'\n    3 | nan\n      | ^~~\n"
        "t.csv:4:1: dur_s is negative\n    4 | -2\n      | ^~");
  CHECK(error("{empirical: {file: " + file + ", column: durs}}") ==
        "t.csv: has no column 'durs', did you mean 'dur_s'?\n  valid: dur_s");
}

TEST_CASE("a measured curve goes through its percentiles, and between them by equal ratios") {
  const std::vector<double> all = draws(read("{quantiles: {p0: 1, p50: 4, p75: 64, p100: 100}}"));
  CHECK(all.front() >= 1.0);
  CHECK(quantile(all, 0.25) == doctest::Approx(2.0).epsilon(0.02));  // sqrt(1 x 4)
  CHECK(quantile(all, 0.5) == doctest::Approx(4.0).epsilon(0.04));
  CHECK(quantile(all, 0.625) == doctest::Approx(16.0).epsilon(0.04));  // sqrt(4 x 64)
  CHECK(all.back() <= 100.0);
}

TEST_CASE("the tail of a measured curve is a power law behind its last percentile") {
  // P(X > x) = 0.1 (10 / x)^2: 0.001 lie above 100.
  const std::vector<double> all = draws(read("{quantiles: {p0: 1, p90: 10, tail: 2}}"), 1'000'000);
  CHECK(quantile(all, 0.999) == doctest::Approx(100.0).epsilon(0.06));
}

TEST_CASE("mistakes in a measured curve are told") {
  CHECK(error("{quantiles: {p0: 1, p50: 4, p40: 8, q9: 1}}") ==
        "d.yaml:1:29: percentiles and their values must not fall\n"
        "    1 | {quantiles: {p0: 1, p50: 4, p40: 8, q9: 1}}\n"
        "      |                             ^~~\n"
        "d.yaml:1:37: 'q9' is not a percentile such as p50 or p99.5, nor 'tail'\n"
        "    1 | {quantiles: {p0: 1, p50: 4, p40: 8, q9: 1}}\n"
        "      |                                     ^~");
}

}  // namespace
}  // namespace agentsim::workload
