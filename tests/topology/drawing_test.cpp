#include "analysis/topology/drawing.hpp"

#include <doctest/doctest.h>

#include "tests/platform/hand_made.hpp"

namespace agentsim::topology {
namespace {

size_t count(const std::string& text, const std::string& word) {
  size_t found = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

TEST_CASE("a picture has a box for each device and a line for each cable") {
  const std::string picture = svg(platform::one_switch().topology().node());
  CHECK(picture.compare(0, 5, "<svg ") == 0);
  CHECK(count(picture, "<text ") == 7);
  CHECK(count(picture, "<path ") == 6);
  CHECK(count(picture, ">gpu1</text>") == 1);
  // The widest row has two GPUs; six kinds stand below each other.
  CHECK(picture.find("width=\"168\" height=\"540\"") != std::string::npos);
}

TEST_CASE("graphviz gets every device and cable") {
  const std::string text = dot(platform::one_switch().topology().node());
  CHECK(count(text, "fillcolor") == 7);
  CHECK(count(text, " -- ") == 6);
  CHECK(text.find("\"gpu0\" -- \"sw0\" [label=\"pcie 50 GB/s\"];\n") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::topology
