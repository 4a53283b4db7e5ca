#include "sim/metrics/table.hpp"

#include <doctest/doctest.h>

namespace agentsim::metrics {
namespace {

TEST_CASE("seconds are written to the nanosecond without trailing zeros") {
  CHECK(seconds_cell(0.0) == "0");
  CHECK(seconds_cell(-0.0) == "0");
  CHECK(seconds_cell(2.0) == "2");
  CHECK(seconds_cell(100.0) == "100");
  CHECK(seconds_cell(1.5) == "1.5");
  CHECK(seconds_cell(-0.25) == "-0.25");
  CHECK(seconds_cell(0.1 + 0.2) == "0.3");
  CHECK(seconds_cell(1e-9) == "0.000000001");
  CHECK(seconds_cell(4e-10) == "0");
  CHECK(seconds_cell(-4e-10) == "0");
  CHECK(seconds_cell(86400.000000001) == "86400.000000001");
}

TEST_CASE("other numbers are written with nine digits and undefined ones as nothing") {
  CHECK(number_cell(0.123456789012) == "0.123456789");
  CHECK(number_cell(450e9) == "4.5e+11");
  CHECK(number_cell(std::optional<double>()).empty());
  CHECK(number_cell(std::optional<double>(0.0)) == "0");
  CHECK(count_cell(uint64_t{18446744073709551615ULL}) == "18446744073709551615");
  CHECK(count_cell(-1) == "-1");
}

TEST_CASE("texts are quoted as RFC 4180 says") {
  CHECK(text_cell("plain text") == "plain text");
  CHECK(text_cell("").empty());
  CHECK(text_cell("a,b") == "\"a,b\"");
  CHECK(text_cell("say \"hi\"") == "\"say \"\"hi\"\"\"");
  CHECK(text_cell("\"") == "\"\"\"\"");
  CHECK(text_cell("two\nlines") == "\"two\nlines\"");
  CHECK(text_cell("old\rmac") == "\"old\rmac\"");
}

TEST_CASE("a table has a line of names and a line a row") {
  const std::vector<Column<int>> columns{
      {"n", "the number", [](const int& n) { return count_cell(n); }},
      {"half", "of it", [](const int& n) { return number_cell(n / 2.0); }}};
  CHECK(csv(columns, {}) == "n,half\n");
  CHECK(csv(columns, {1, 4}) == "n,half\n1,0.5\n4,2\n");
  std::vector<ColumnDoc> docs;
  document("t.csv", columns, docs);
  REQUIRE(docs.size() == 2);
  CHECK(docs[1].file == "t.csv");
  CHECK(docs[1].name == "half");
  CHECK(docs[1].meaning == "of it");
}

}  // namespace
}  // namespace agentsim::metrics
