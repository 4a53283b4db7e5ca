#include "analysis/sweep/axis.hpp"

#include <doctest/doctest.h>

#include "sim/config/reader.hpp"
#include "tests/base/test_folder.hpp"

namespace agentsim::sweep {
namespace {

using Words = std::vector<std::string>;

Axis axis(const std::string& entry, const std::string& name = "x", const std::string& file = "a.yaml") {
  Diagnostics diagnostics;
  const Axis read = Axis::read(name, config::Value::parse("{path: a.b, " + entry + "}", file), diagnostics);
  diagnostics.throw_if_any();
  return read;
}

Words labels(const Axis& axis) {
  Words all;
  for (const Level& level : axis.grid()) all.push_back(level.label);
  return all;
}

TEST_CASE("a list of quantities of one kind is a column in the base unit") {
  const Axis rates = axis("values: [1/s, 30/min]", "rate");
  CHECK(rates.column() == "rate_per_s");
  CHECK(*rates.grid()[1].number == 0.5);
  CHECK(axis("values: [400 Gbps, 25 GB/s]", "link").column() == "link_bytes_per_s");
  CHECK(*axis("values: [400 Gbps]").grid()[0].number == 50e9);
  CHECK(axis("values: [10 ms]", "limit_s").column() == "limit_s");
  CHECK(axis("values: [1, 2]", "tp").column() == "tp");
}

TEST_CASE("a list in which one value is a word is a column of words") {
  const Axis replicas = axis("values: [4, fill]", "replicas");
  CHECK(replicas.column() == "replicas");
  CHECK_FALSE(replicas.grid()[0].number);
  CHECK(labels(replicas) == Words{"4", "fill"});
}

TEST_CASE("a range has equal steps and a log range equal ratios") {
  CHECK(labels(axis("range: {from: 0 s, to: 1 s, steps: 5}")) ==
        Words{"0 s", "0.25 s", "0.5 s", "0.75 s", "1 s"});
  CHECK(labels(axis("log: {from: 1, to: 1000, steps: 4}")) == Words{"1", "10", "100", "1000"});
  CHECK(axis("log: {from: 1/s, to: 8/s, steps: 4}", "rate").column() == "rate_per_s");
  CHECK(*axis("log: {from: 1/s, to: 8/s, steps: 4}").grid()[2].number == doctest::Approx(4.0));
}

TEST_CASE("whole numbers are rounded and each stands once") {
  CHECK(labels(axis("log: {from: 1, to: 8, steps: 7, whole: on}")) == Words{"1", "2", "3", "4", "6", "8"});
}

TEST_CASE("a slice of a list is the value at its place, of a range the point within") {
  const Axis list = axis("values: [a, b]");
  CHECK(list.slice(0, 4, 0.9).label == "a");
  CHECK(list.slice(1, 4, 0.9).label == "a");
  CHECK(list.slice(2, 4, 0.0).label == "b");
  CHECK(*axis("range: {from: 0, to: 8}").slice(1, 4, 0.5).number == 3.0);
}

TEST_CASE("maps are values with a label") {
  const Axis arrivals =
      axis("values: {few: {kind: closed, concurrency: 2}, many: {kind: closed, concurrency: 9}}");
  CHECK(labels(arrivals) == Words{"few", "many"});
  CHECK(arrivals.grid()[1].value.find("concurrency")->scalar() == "9");
}

TEST_CASE("files are found beside the sweep and named without their ends") {
  const TestFolder folder;
  folder.write("t/b.csv.gz", "");
  folder.write("t/a.csv", "");
  const Axis traces = axis("files: t/*.csv*", "trace", folder.file("a.yaml"));
  CHECK(labels(traces) == Words{"a", "b"});
  CHECK(traces.grid()[1].value.scalar() == "t/b.csv.gz");
  CHECK(traces.grid()[1].value.file() == folder.file("a.yaml"));
}

TEST_CASE("mistakes of an axis are told at their place") {
  const auto mistake = [](const std::string& entry) {
    const std::string words = message_of<ConfigError>([&] { axis(entry); });
    return words.substr(0, words.find('\n'));
  };
  CHECK(mistake("") == "a.yaml:1:1: the axis 'x' wants one of 'values', 'range', 'log' and 'files'");
  CHECK(mistake("values: [1], range: {from: 1, to: 2}") ==
        "a.yaml:1:33: the axis 'x' wants one of 'values', 'range', 'log' and 'files'");
  CHECK(mistake("values: []") == "a.yaml:1:21: 'values' wants at least one value");
  CHECK(mistake("values: 3") ==
        "a.yaml:1:21: 'values' wants a list, or a map from labels to values, not a single value");
  CHECK(mistake("values: [1, 2, 1]") == "a.yaml:1:28: the value '1' stands here twice");
  CHECK(mistake("values: [[1]]") ==
        "a.yaml:1:22: a list needs a label here: write the values as {label: value, ...}");
  CHECK(mistake("range: {from: 1 s, to: 2 min}") ==
        "a.yaml:1:36: 'to' wants the same unit as 'from', 's', not 'min'");
  CHECK(mistake("range: {from: 2, to: 1}") == "a.yaml:1:34: 'to' must be greater than 'from'");
  CHECK(mistake("range: {from: 1 q, to: 2 q}") == "a.yaml:1:36: 'to' has an unknown unit 'q'");
  CHECK(mistake("log: {from: 0, to: 1}") ==
        "a.yaml:1:25: 'from' must be greater than 0 for steps of equal ratio");
  CHECK(mistake("files: no/*.csv") == "a.yaml:1:20: no file is called 'no/*.csv'");
}

}  // namespace
}  // namespace agentsim::sweep
