#include "analysis/fitting/curve.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace agentsim::fitting {
namespace {

TEST_CASE("a curve through whole numbers gives each of them its share when it is rounded") {
  // 1 five times, 2 three times, 3 twice: shares 0.5, 0.3, 0.2.
  const Curve curve = Curve::of({1, 1, 1, 1, 1, 2, 2, 2, 3, 3}, 1.0);
  int ones = 0, twos = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = std::round(curve.at((i + 0.5) / 10000));
    ones += value <= 1 ? 1 : 0;
    twos += value == 2 ? 1 : 0;
  }
  CHECK(ones / 1e4 == doctest::Approx(0.5).epsilon(0.01));
  CHECK(twos / 1e4 == doctest::Approx(0.3).epsilon(0.05));
}

TEST_CASE("a curve without steps goes through its sample's percentiles") {
  std::vector<double> values;
  for (int i = 0; i <= 1000; ++i) values.push_back(std::exp(i / 100.0));
  const Curve curve = Curve::of(values, 0.0);
  CHECK(curve.at(0.0) == 1.0);
  CHECK(curve.at(0.5) == doctest::Approx(std::exp(5.0)).epsilon(0.02));
  CHECK(curve.at(0.77) == doctest::Approx(std::exp(7.7)).epsilon(0.02));
  CHECK(curve.at(1.0) == doctest::Approx(std::exp(10.0)));
}

TEST_CASE("the tail of a power law is found") {
  // P(X > x) = x^-1.5: the quantile at level u is (1 - u)^(-1/1.5).
  std::vector<double> values;
  const int n = 20000;
  for (int i = 0; i < n; ++i) values.push_back(std::pow(1.0 - (i + 0.5) / n, -1.0 / 1.5));
  Curve curve = Curve::of(values, 0.0);
  curve.fit_tail(values, 1e6);
  const std::string text = curve.text("");
  const double tail = std::stod(text.substr(text.find("tail: ") + 6));
  CHECK(tail == doctest::Approx(1.5).epsilon(0.05));
  CHECK(text.find("max: 1000000") != std::string::npos);
  CHECK(text.find("p100") == std::string::npos);
}

TEST_CASE("a few values have no tail") {
  std::vector<double> values;
  for (int i = 1; i <= 500; ++i) values.push_back(i);
  Curve curve = Curve::of(values, 0.0);
  curve.fit_tail(values, 1e6);  // three values above P99.5
  CHECK(curve.text("").find("tail") == std::string::npos);
}

TEST_CASE("knots that the others give are left out") {
  std::vector<std::pair<double, double>> knots;
  for (int i = 0; i <= 10; ++i) knots.emplace_back(i / 10.0, std::exp(i));
  knots[5].second *= 1.2;
  const Curve thin = Curve::through(knots).thinned(0.01);
  CHECK(thin.knots().size() == 5);  // both ends, the one that is off and its neighbours
  CHECK(thin.at(0.5) == doctest::Approx(1.2 * std::exp(5)));
  CHECK(thin.at(0.2) == doctest::Approx(std::exp(2)));
}

TEST_CASE("a level is written once, however near two of them are") {
  const std::string text = Curve::through({{0, 1}, {0.4, 2}, {0.4000001, 9}, {1, 10}}).text("");
  CHECK(text == "{quantiles: {p0: 1, p40: 9, p100: 10}}");
}

TEST_CASE("equal values are written as one") {
  CHECK(Curve::of({3, 3, 3}, 1.0).text("s") == "3 s");
  CHECK(Curve(0.25).text("") == "0.25");
}

TEST_CASE("clocks of one second are recognised") {
  CHECK(step_of({1, 2, 3, 4.5}) == 1.0);
  CHECK(step_of({1.25, 2.5, 3, 4.75}) == 0.0);
}

TEST_CASE("numbers are written with four digits and no exponent") {
  CHECK(short_number(123456.7) == "123457");
  CHECK(short_number(12.3456) == "12.35");
  CHECK(short_number(0.00123456) == "0.001235");
  CHECK(short_number(2.0) == "2");
  CHECK(short_number(0.0) == "0");
}

}  // namespace
}  // namespace agentsim::fitting
