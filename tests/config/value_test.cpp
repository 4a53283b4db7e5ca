#include "sim/config/value.hpp"

#include <doctest/doctest.h>

#include "tests/base/test_folder.hpp"

namespace agentsim::config {
namespace {

std::string parse_error(const std::string& yaml) {
  return message_of<ConfigError>([&] { Value::parse(yaml, "t.yaml"); });
}

// The value at a path of keys, which must be there.
const Value& at(const Value& root, const std::vector<std::string>& keys) {
  const Value* value = &root;
  for (const std::string& key : keys) {
    value = value->find(key);
    REQUIRE(value != nullptr);
  }
  return *value;
}

TEST_CASE("values have the kind that YAML gives them") {
  const Value root = Value::parse("a: 1\nb: [x, y]\nc: {d: e}\nf:\ng: ~\n", "t.yaml");
  CHECK(root.is_map());
  CHECK(at(root, {"a"}).is_scalar());
  CHECK(at(root, {"b"}).is_list());
  CHECK(at(root, {"c"}).is_map());
  CHECK(at(root, {"f"}).is_null());
  CHECK(at(root, {"g"}).is_null());
  CHECK(root.find("h") == nullptr);
  CHECK(at(root, {"c", "d"}).scalar() == "e");
  CHECK(at(root, {"b"}).items()[1].scalar() == "y");
  CHECK(Value::parse("", "t.yaml").is_null());
}

TEST_CASE("a map keeps the order of the file") {
  const Value root = Value::parse("z: 1\na: 2\nm: 3\n", "t.yaml");
  std::string order;
  for (const auto& [key, value] : root.entries()) order += key.scalar();
  CHECK(order == "zam");
}

TEST_CASE("a value knows its file and line and column and width") {
  const Value root = Value::parse("deployment:\n  tp: 4\n  model: [x,  long_name]\n", "dir/t.yaml");
  const Place place = at(root, {"deployment", "model"}).items()[1].place();
  CHECK(place.file == "dir/t.yaml");
  CHECK(place.line == 3);
  CHECK(place.column == 15);
  CHECK(place.width == 9);
  CHECK(place.source_line == "  model: [x,  long_name]");
  CHECK(at(root, {"deployment", "tp"}).place().column == 7);
}

TEST_CASE("a mistake underlines no more than its line") {
  // Given a text of two lines in the file, its value is longer than the first of them.
  const Value root = Value::parse("a: one two\n  three four five six\n", "t.yaml");
  const Place place = root.find("a")->place();
  CHECK(root.find("a")->scalar() == "one two three four five six");
  CHECK(place.column == 4);
  CHECK(place.width == 7);
}

TEST_CASE("a key that stands twice is reported where it stands again") {
  CHECK(parse_error("tp: 1\nseed: 3\ntp: 2\n") ==
        "t.yaml:3:1: the key 'tp' stands here twice\n"
        "    3 | tp: 2\n"
        "      | ^~");
}

TEST_CASE("all keys that stand twice are reported in one go") {
  CHECK(parse_error("a: {x: 1, x: 2}\nb: 1\nb: 2\n") ==
        "t.yaml:1:11: the key 'x' stands here twice\n"
        "    1 | a: {x: 1, x: 2}\n"
        "      |           ^\n"
        "t.yaml:3:1: the key 'b' stands here twice\n"
        "    3 | b: 2\n"
        "      | ^");
}

TEST_CASE("a text that is no YAML is told with the place") {
  const std::string text = parse_error("a: 1\nb: [1, 2\nc: 3\n");
  CHECK(text.substr(0, 9) == "t.yaml:3:");
  CHECK(text.find("not valid YAML: ") != std::string::npos);
  CHECK(parse_error("a: *nowhere\n").find("not valid YAML: ") != std::string::npos);
}

TEST_CASE("a key that is a list is refused") {
  CHECK(parse_error("[a, b]: 1\n") ==
        "t.yaml:1:1: a key must be a single word\n"
        "    1 | [a, b]: 1\n"
        "      | ^");
}

TEST_CASE("values nested more than a hundred deep are refused") {
  CHECK(parse_error(std::string(100, '[') + std::string(100, ']')).empty());
  CHECK(parse_error(std::string(102, '[') + std::string(102, ']')).find("nested more than 100 deep") !=
        std::string::npos);
}

TEST_CASE("a missing file is told with its name") {
  const TestFolder folder;
  CHECK(message_of<ConfigError>([&] { Value::load(folder.file("no.yaml")); }) ==
        folder.file("no.yaml") + ": no such file");
}

TEST_CASE("setting a path replaces a value and keeps its neighbours") {
  Value root = Value::parse("deployment: {tp: 4, model: x}\nseed: 1\n", "t.yaml");
  root.set("deployment.tp", "8");
  root.set("seed", "[1, 2]");
  CHECK(at(root, {"deployment", "tp"}).scalar() == "8");
  CHECK(at(root, {"deployment", "model"}).scalar() == "x");
  CHECK(at(root, {"seed"}).items().size() == 2);
}

TEST_CASE("setting a path makes the maps that are missing on the way") {
  Value root = Value::parse("seed: 1\nslo:\n", "t.yaml");
  root.set("deployment.precision.kv", "fp8");
  root.set("slo.ttft", "1 s");
  CHECK(at(root, {"deployment", "precision", "kv"}).scalar() == "fp8");
  CHECK(at(root, {"slo", "ttft"}).scalar() == "1 s");
  Value empty;
  empty.set("a.b", "{c: 1}");
  CHECK(at(empty, {"a", "b", "c"}).scalar() == "1");
}

TEST_CASE("setting a path walks into lists by index") {
  Value root = Value::parse("platforms: [a, {label: b}]\n", "t.yaml");
  root.set("platforms.0", "hgx_h100_x1");
  root.set("platforms.1.label", "nvlink");
  const Value& list = at(root, {"platforms"});
  CHECK(list.items()[0].scalar() == "hgx_h100_x1");
  CHECK(at(list.items()[1], {"label"}).scalar() == "nvlink");
}

TEST_CASE("a path that leads nowhere is refused with the reason") {
  const auto error = [](const std::string& path) {
    Value root = Value::parse("tp: 4\nplatforms: [a, b]\n", "t.yaml");
    return message_of<ConfigError>([&] { root.set(path, "1"); });
  };
  CHECK(error("tp.size") == "--set tp.size=1: 'size' cannot be set inside the single value '4'");
  CHECK(error("platforms.2") == "--set platforms.2=1: '2' is not an index of a list of 2");
  CHECK(error("platforms.first") == "--set platforms.first=1: 'first' is not an index of a list of 2");
  CHECK(error("platforms.-1") == "--set platforms.-1=1: '-1' is not an index of a list of 2");
  CHECK(error("platforms.99999999999999999999") ==
        "--set platforms.99999999999999999999=1: '99999999999999999999' is not an index of a list of 2");
  for (const char* path : {"", ".tp", "a..b", "tp.", "deployment."}) {
    CAPTURE(std::string(path));
    CHECK(error(path) == "--set " + std::string(path) + "=1: the path has an empty step");
  }
}

TEST_CASE("a mistake in a set value points at the words of the command line") {
  Value root = Value::parse("tp: 4\n", "t.yaml");
  root.set("tp", "eight");
  CHECK(root.find("tp")->mistake("wrong").text() ==
        "--set tp=eight:1:1: wrong\n"
        "    1 | eight\n"
        "      | ^~~~~");
}

TEST_CASE("an overlay merges maps and replaces everything else") {
  Value base = Value::parse("a: {x: 1, y: {p: 1, q: 2}}\nb: [1, 2]\nc: 3\n", "base.yaml");
  base.overlay(Value::parse("a: {y: {q: 5, r: 6}}\nb: [9]\nc: {d: 4}\ne: 7\n", "over.yaml"));
  CHECK(at(base, {"a", "x"}).scalar() == "1");
  CHECK(at(base, {"a", "y", "p"}).scalar() == "1");
  CHECK(at(base, {"a", "y", "q"}).scalar() == "5");
  CHECK(at(base, {"a", "y", "r"}).scalar() == "6");
  CHECK(at(base, {"b"}).items().size() == 1);
  CHECK(at(base, {"c", "d"}).scalar() == "4");
  CHECK(at(base, {"e"}).scalar() == "7");
}

TEST_CASE("after an overlay each value still knows the file it came from") {
  Value base = Value::parse("a: 1\nb: 2\n", "base.yaml");
  base.overlay(Value::parse("b: 3\n", "over.yaml"));
  CHECK(at(base, {"a"}).place().file == "base.yaml");
  CHECK(at(base, {"b"}).place().file == "over.yaml");
}

TEST_CASE("a list of one value stands where the value stands") {
  const Value root = Value::parse("platforms:\n  - hgx\n", "t.yaml");
  const Value list = Value::list_of(root.find("platforms")->items()[0]);
  CHECK(list.is_list());
  CHECK(list.items().size() == 1);
  CHECK(list.place().line == 2);
  CHECK(list.place().column == 5);
}

}  // namespace
}  // namespace agentsim::config
