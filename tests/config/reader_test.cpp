#include "sim/config/reader.hpp"

#include <doctest/doctest.h>

#include <map>

#include "tests/base/test_folder.hpp"

namespace agentsim::config {
namespace {

struct Wheel {
  int64_t spokes = 20;
};
template <class Visitor>
void describe(Visitor& v, Wheel& wheel) {
  v.field("spokes", wheel.spokes, Bounds{0, 48}, "how many");
}

// A type with a shape of its own.
struct Colour {
  std::string word = "red";
};
void parse(const Value& value, Colour& colour, Diagnostics& diagnostics) {
  if (value.is_scalar() && value.scalar().compare(0, 1, "#") == 0)
    colour.word = value.scalar();
  else
    diagnostics.add(value.mistake("a colour begins with #"));
}

struct Bike {
  std::string name = "unnamed";
  double weight_bytes = 1.0;
  int64_t gears = 7;
  bool bell = true;
  std::string brake = "disc";
  Colour colour;
  Wheel front;
  std::vector<Wheel> spares;
  std::map<std::string, Wheel> others;
};
template <class Visitor>
void describe(Visitor& v, Bike& bike) {
  v.field("name", bike.name, "what it is called", Need::required);
  v.field("weight", bike.weight_bytes, Dimension::bytes, kPositive, "of its firmware");
  v.field("gears", bike.gears, Bounds{1, 30}, "of the hub");
  v.field("bell", bike.bell, "rings");
  v.choice("brake", bike.brake, {"rim", "disc", "coaster"}, "stops it");
  v.value("colour", bike.colour, "of the frame");
  v.section("front", bike.front, "the steered wheel");
  v.sections("spares", bike.spares, "wheels in the cellar");
  v.named_sections("others", bike.others, "wheels by name");
  v.known("provenance");
}

Bike read(const std::string& yaml) {
  Bike bike;
  Diagnostics diagnostics;
  read_map(Value::parse(yaml, "b.yaml"), "the bike", bike, diagnostics);
  diagnostics.throw_if_any();
  return bike;
}

std::string error(const std::string& yaml) {
  return message_of<ConfigError>([&] { read(yaml); });
}

// What a mistake in the first line looks like.
std::string told(const std::string& line, int column, const std::string& message, int width,
                 const std::string& rest = "") {
  return "b.yaml:1:" + std::to_string(column) + ": " + message + "\n    1 | " + line + "\n      | " +
         std::string(column - 1, ' ') + "^" + std::string(width - 1, '~') + rest;
}

TEST_CASE("every kind of field is read") {
  const Bike bike = read(
      "name: Rosinante\nweight: 2 KiB\ngears: 3\nbell: off\nbrake: rim\ncolour: '#00ff00'\nfront: {spokes: "
      "36}\n"
      "spares: [{spokes: 1}, {}]\nothers: {rear: {spokes: 32}, side: {}}\nprovenance: {anything: [goes]}\n");
  CHECK(bike.name == "Rosinante");
  CHECK(bike.weight_bytes == 2048.0);
  CHECK(bike.gears == 3);
  CHECK_FALSE(bike.bell);
  CHECK(bike.brake == "rim");
  CHECK(bike.colour.word == "#00ff00");
  CHECK(bike.front.spokes == 36);
  REQUIRE(bike.spares.size() == 2);
  CHECK(bike.spares[0].spokes == 1);
  CHECK(bike.spares[1].spokes == 20);
  CHECK(bike.others.at("rear").spokes == 32);
  CHECK(bike.others.at("side").spokes == 20);
}

TEST_CASE("what is absent or empty keeps its default") {
  for (const char* yaml :
       {"name: x", "{name: x, weight: , gears: ~, bell: , brake: , colour: , front: , spares: }"}) {
    const Bike bike = read(yaml);
    CHECK(bike.weight_bytes == 1.0);
    CHECK(bike.gears == 7);
    CHECK(bike.bell);
    CHECK(bike.brake == "disc");
    CHECK(bike.colour.word == "red");
    CHECK(bike.front.spokes == 20);
    CHECK(bike.spares.empty());
  }
}

TEST_CASE("a switch is on or off or true or false or yes or no") {
  for (const char* word : {"on", "true", "yes"})
    CHECK(read("{name: x, bell: " + std::string(word) + "}").bell);
  for (const char* word : {"off", "false", "no"})
    CHECK_FALSE(read("{name: x, bell: " + std::string(word) + "}").bell);
  CHECK(error("{name: x, bell: maybe}") == told("{name: x, bell: maybe}", 17, "'bell' wants on or off", 5));
  CHECK(error("{name: x, bell: [on]}") == told("{name: x, bell: [on]}", 17, "'bell' wants on or off", 1));
}

TEST_CASE("all mistakes of a file are told in one run in order of place") {
  CHECK(error("weight: 3 GBs\n"
              "gears: 2.5\n"
              "brake: discs\n"
              "front: {spoke: 3}\n"
              "spares: [{spokes: 100}]\n"
              "bel: off\n") ==
        "b.yaml:1:1: the bike lacks the key 'name'\n"
        "    1 | weight: 3 GBs\n"
        "      | ^\n"
        "b.yaml:1:9: 'weight' has the unit 'GBs' but wants a size such as '80 GiB' or '512 kB'\n"
        "    1 | weight: 3 GBs\n"
        "      |         ^~~~~ did you mean 'GB'?\n"
        "  valid: B, GB, GiB, KiB, MB, MiB, TB, TiB, kB\n"
        "b.yaml:2:8: 'gears' wants a whole number, not 2.5\n"
        "    2 | gears: 2.5\n"
        "      |        ^~~\n"
        "b.yaml:3:8: unknown brake 'discs'\n"
        "    3 | brake: discs\n"
        "      |        ^~~~~ did you mean 'disc'?\n"
        "  valid: coaster, disc, rim\n"
        "b.yaml:4:9: 'front' has no key 'spoke'\n"
        "    4 | front: {spoke: 3}\n"
        "      |         ^~~~~ did you mean 'spokes'?\n"
        "  valid: spokes\n"
        "b.yaml:5:19: 'spokes' must be between 0 and 48, not 100\n"
        "    5 | spares: [{spokes: 100}]\n"
        "      |                   ^~~\n"
        "b.yaml:6:1: the bike has no key 'bel'\n"
        "    6 | bel: off\n"
        "      | ^~~ did you mean 'bell'?\n"
        "  valid: bell, brake, colour, front, gears, name, others, provenance, spares, weight");
}

TEST_CASE("a number that is none is told with what was wanted") {
  for (const char* word : {"nan", "inf", "0x10", "many", "3 apples"}) {
    CAPTURE(std::string(word));
    const std::string line = "{name: x, gears: " + std::string(word) + "}";
    CHECK(error(line) == told(line, 18, "'gears' wants a number, not '" + std::string(word) + "'",
                              static_cast<int>(std::string(word).size())));
  }
}

TEST_CASE("a quantity without a unit is told that it needs one") {
  CHECK(error("{name: x, weight: 80}") == told("{name: x, weight: 80}", 19,
                                               "'weight' needs a unit: a size such as '80 GiB' or '512 kB'",
                                               2, "\n  valid: B, GB, GiB, KiB, MB, MiB, TB, TiB, kB"));
}

TEST_CASE("bounds are inclusive and told as a person would say them") {
  CHECK(read("{name: x, gears: 1}").gears == 1);
  CHECK(read("{name: x, gears: 30}").gears == 30);
  CHECK(error("{name: x, gears: 31}") ==
        told("{name: x, gears: 31}", 18, "'gears' must be between 1 and 30, not 31", 2));
  CHECK(error("{name: x, weight: 0}") ==
        told("{name: x, weight: 0}", 19, "'weight' must be greater than 0, not 0", 1));
  double out = 0.0;
  Diagnostics diagnostics;
  const Value value = Value::parse("-1", "b.yaml");
  CHECK_FALSE(read_quantity(value, "x", Dimension::number, kNotNegative, out, diagnostics));
  CHECK_FALSE(read_quantity(value, "x", Dimension::number, {-std::numeric_limits<double>::infinity(), -2.0},
                            out, diagnostics));
  CHECK(message_of<ConfigError>([&] { diagnostics.throw_if_any(); }) ==
        told("-1", 1, "'x' must be at least 0, not -1", 2) + "\n" +
            told("-1", 1, "'x' must be at most -2, not -1", 2));
}

TEST_CASE("a value of the wrong kind is told with its kind") {
  CHECK(error("{name: [a]}") == told("{name: [a]}", 8, "'name' wants a word, not a list", 1));
  CHECK(error("{name: x, gears: {a: 1}}") ==
        told("{name: x, gears: {a: 1}}", 18, "'gears' wants a number, not a map", 1));
  CHECK(error("{name: x, brake: []}") ==
        told("{name: x, brake: []}", 18, "'brake' wants a word, not a list", 1));
  CHECK(error("{name: x, front: 3}") ==
        told("{name: x, front: 3}", 18, "'front' wants a map of keys, not a single value", 1));
  CHECK(error("{name: x, spares: {}}") ==
        told("{name: x, spares: {}}", 19, "'spares' wants a list, not a map", 1));
  CHECK(
      error("{name: x, spares: [7]}") ==
      told("{name: x, spares: [7]}", 20, "an entry of 'spares' wants a map of keys, not a single value", 1));
  CHECK(error("{name: x, others: [7]}") ==
        told("{name: x, others: [7]}", 19, "'others' wants a map, not a list", 1));
  CHECK(error("{name: x, colour: green}") ==
        told("{name: x, colour: green}", 19, "a colour begins with #", 5));
  CHECK(error("[a]") == told("[a]", 1, "the bike wants a map of keys, not a list", 1));
}

TEST_CASE("a required key that is empty is told where it stands") {
  CHECK(error("{gears: 3, name: }") == told("{gears: 3, name: }", 18, "the bike lacks the key 'name'", 1));
}

TEST_CASE("a field that has a mistake keeps its default") {
  Bike bike;
  Diagnostics diagnostics;
  read_map(Value::parse("{name: x, gears: 99, weight: nan}", "b.yaml"), "the bike", bike, diagnostics);
  CHECK(diagnostics.size() == 2);
  CHECK(bike.gears == 7);
  CHECK(bike.weight_bytes == 1.0);
}

TEST_CASE("a mistake about a key points at its value or at the map that lacks it") {
  const Value map = Value::parse("a: 1\nb: 22\n", "b.yaml");
  Diagnostics diagnostics;
  Reader reader(map, "the map", diagnostics);
  CHECK(reader.has("b"));
  CHECK_FALSE(reader.has("c"));
  CHECK(reader.at("b").place().line == 2);
  CHECK(reader.at("b").place().column == 4);
  CHECK(reader.at("c").place().line == 1);
}

}  // namespace
}  // namespace agentsim::config
