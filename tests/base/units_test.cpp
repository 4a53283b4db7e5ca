#include "sim/base/units.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

namespace agentsim {
namespace {

struct Case {
  const char* text;
  Dimension dimension;
  double value;
};

TEST_CASE("a quantity of each dimension is read in its base unit") {
  // Given the definition of each unit; a month is a twelfth of 365 days, so 730 hours.
  const Case cases[] = {
      {"12.5", Dimension::number, 12.5},
      {"3e4", Dimension::number, 30000.0},
      {"7 ns", Dimension::time, 7e-9},
      {"50us", Dimension::time, 50e-6},
      {"2.5 ms", Dimension::time, 2.5e-3},
      {"9s", Dimension::time, 9.0},
      {"3 min", Dimension::time, 180.0},
      {"2 h", Dimension::time, 7200.0},
      {"1 d", Dimension::time, 86400.0},
      {"5 B", Dimension::bytes, 5.0},
      {"512 kB", Dimension::bytes, 512000.0},
      {"4MB", Dimension::bytes, 4e6},
      {"4 GB", Dimension::bytes, 4e9},
      {"4 TB", Dimension::bytes, 4e12},
      {"2 KiB", Dimension::bytes, 2048.0},
      {"3 MiB", Dimension::bytes, 3145728.0},
      {"80GiB", Dimension::bytes, 85899345920.0},
      {"1 TiB", Dimension::bytes, 1099511627776.0},
      {"8 B/s", Dimension::bandwidth, 8.0},
      {"8 kB/s", Dimension::bandwidth, 8e3},
      {"8 MB/s", Dimension::bandwidth, 8e6},
      {"450 GB/s", Dimension::bandwidth, 450e9},
      {"3.35TB/s", Dimension::bandwidth, 3.35e12},
      {"1 GiB/s", Dimension::bandwidth, 1073741824.0},
      {"800 Mbps", Dimension::bandwidth, 100e6},
      {"400Gbps", Dimension::bandwidth, 50e9},
      {"1.6 Tbps", Dimension::bandwidth, 200e9},
      {"500 GFLOP/s", Dimension::compute, 5e11},
      {"989 TFLOP/s", Dimension::compute, 989e12},
      {"1.4 PFLOP/s", Dimension::compute, 1.4e15},
      {"0.5/s", Dimension::rate, 0.5},
      {"6 /min", Dimension::rate, 0.1},
      {"36/h", Dimension::rate, 0.01},
      {"864/d", Dimension::rate, 0.01},
      {"700 W", Dimension::power, 700.0},
      {"10.2 kW", Dimension::power, 10200.0},
      {"2 MW", Dimension::power, 2e6},
      {"310000 USD", Dimension::money, 310000.0},
      {"25 kUSD", Dimension::money, 25000.0},
      {"3 MUSD", Dimension::money, 3e6},
      {"3.6 USD/h", Dimension::money_rate, 0.001},
      {"86.4 USD/d", Dimension::money_rate, 0.001},
      {"0.036 USD/kWh", Dimension::money_energy, 1e-8},
      {"36 USD/MWh", Dimension::money_energy, 1e-8},
      {"2628 USD/kW-month", Dimension::money_power, 1e-6},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.text));
    const auto value = parse_quantity(c.text, c.dimension);
    REQUIRE(value);
    CHECK(*value == doctest::Approx(c.value).epsilon(1e-12));
  }
}

TEST_CASE("signs and decimal points and spaces around a quantity do not matter") {
  CHECK(*parse_quantity("  -1.5e-2 s\t", Dimension::time) == -0.015);
  CHECK(*parse_quantity("+3.s", Dimension::time) == 3.0);
  CHECK(*parse_quantity(".5 s", Dimension::time) == 0.5);
}

TEST_CASE("only a bare zero needs no unit") {
  CHECK(*parse_quantity("0", Dimension::time) == 0.0);
  CHECK(*parse_quantity("0.0", Dimension::money_power) == 0.0);
  CHECK_FALSE(parse_quantity("1", Dimension::time));
  CHECK_FALSE(parse_quantity("1 ", Dimension::bytes));
}

TEST_CASE("what is no finite decimal number is refused") {
  for (const char* text :
       {"", " ", "nan", "-nan", "nan(5) s", "inf", "-inf", "+infinity s", "1e400 s", "-1e999", "s", "e5",
        "--5 s", "0x10", "0X10", "-0x10", "+0x1p4", "  0x1 s", "a1 s"}) {
    CAPTURE(std::string(text));
    for (const Dimension dimension : {Dimension::number, Dimension::time})
      CHECK_FALSE(parse_quantity(text, dimension));
    CHECK_FALSE(parse_number(text));
  }
}

TEST_CASE("a number that only its unit makes infinite is refused") {
  CHECK_FALSE(parse_quantity("1e300 TB", Dimension::bytes));
  CHECK(*parse_quantity("1e290 TB", Dimension::bytes) == doctest::Approx(1e302));
}

TEST_CASE("a unit of another dimension or another spelling is refused") {
  CHECK_FALSE(parse_quantity("5 GB", Dimension::time));
  CHECK_FALSE(parse_quantity("5 s", Dimension::bytes));
  CHECK_FALSE(parse_quantity("5 gb", Dimension::bytes));
  CHECK_FALSE(parse_quantity("5 Gb/s", Dimension::bandwidth));
  CHECK_FALSE(parse_quantity("5 s s", Dimension::time));
  CHECK_FALSE(parse_quantity("5 s", Dimension::number));
  CHECK_FALSE(parse_quantity("1,5 s", Dimension::time));
}

TEST_CASE("the unit words of a dimension are exactly those that are read") {
  CHECK(unit_words(Dimension::time) == std::vector<std::string>{"d", "h", "min", "ms", "ns", "s", "us"});
  for (int i = 0; i <= static_cast<int>(Dimension::money_power); ++i) {
    const auto dimension = static_cast<Dimension>(i);
    CHECK_FALSE(unit_words(dimension).empty());
    for (const std::string& word : unit_words(dimension)) {
      CAPTURE(std::string(word));
      CHECK(parse_quantity("2 " + word, dimension));
    }
  }
}

TEST_CASE("each dimension describes itself with examples that it reads") {
  // Given "a time such as '50 us' or '2 h'", then what stands between the quotes is a time.
  for (int i = 1; i <= static_cast<int>(Dimension::money_power); ++i) {
    const auto dimension = static_cast<Dimension>(i);
    const std::string words = description(dimension);
    CAPTURE(words);
    size_t examples = 0;
    for (size_t open = words.find('\''); open != std::string::npos;) {
      const size_t close = words.find('\'', open + 1);
      REQUIRE(close != std::string::npos);
      CHECK(parse_quantity(words.substr(open + 1, close - open - 1), dimension));
      ++examples;
      open = words.find('\'', close + 1);
    }
    CHECK(examples >= 1);
  }
}

TEST_CASE("the number and the word after it are told apart") {
  std::string word;
  CHECK(*parse_number("12.5 furlongs ", &word) == 12.5);
  CHECK(word == "furlongs");
  CHECK(*parse_number("7", &word) == 7.0);
  CHECK(word.empty());
  CHECK_FALSE(parse_number("7 s"));
}

TEST_CASE("numbers for people have at most four digits and a unit near them") {
  CHECK(pretty_time(0.0) == "0 s");
  CHECK(pretty_time(350e-6) == "350 us");
  CHECK(pretty_time(0.0123456) == "12.35 ms");
  CHECK(pretty_time(-2.5) == "-2.5 s");
  CHECK(pretty_time(900.0) == "15 min");
  CHECK(pretty_time(11520.0) == "3.2 h");
  CHECK(pretty_bytes(512.0) == "512 B");
  CHECK(pretty_bytes(163840.0) == "163.8 kB");
  CHECK(pretty_bytes(70.55e9) == "70.55 GB");
  CHECK(pretty_bandwidth(1.5e9) == "1.5 GB/s");
  CHECK(pretty_bandwidth(3.35e12) == "3.35 TB/s");
  CHECK(pretty_count(9999.0) == "9999");
  CHECK(pretty_count(12345.0) == "12.35 k");
  CHECK(pretty_count(2.5e9) == "2.5 G");
}

}  // namespace
}  // namespace agentsim
