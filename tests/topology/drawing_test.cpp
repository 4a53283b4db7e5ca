#include "analysis/topology/drawing.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <sstream>

#include "tests/model/shipped.hpp"
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

TEST_CASE("no cable runs behind a box that it does not join") {
  for (const char* name : {"rtx_pro_6000_pcie_x1", "rtx_pro_6000_direct_x1", "hgx_h100_x1"}) {
    const std::string picture = svg(model::cluster(name).topology().node());
    std::vector<std::pair<double, double>> boxes;  // upper left corners, 64 x 28 each
    std::vector<std::array<double, 6>> cables;
    std::istringstream lines(picture);
    for (std::string line; std::getline(lines, line);) {
      double x = 0.0, y = 0.0;
      std::array<double, 6> c{};
      if (std::sscanf(line.c_str(), "<rect x=\"%lf\" y=\"%lf\"", &x, &y) == 2) boxes.emplace_back(x, y);
      if (std::sscanf(line.c_str(), "<path d=\"M%lf %lf Q%lf %lf %lf %lf", &c[0], &c[1], &c[2], &c[3], &c[4],
                      &c[5]) == 6)
        cables.push_back(c);
    }
    REQUIRE(!cables.empty());
    int behind = 0;
    for (const auto& c : cables) {
      const auto inside = [](double x, double y, const std::pair<double, double>& box) {
        return x > box.first && x < box.first + 64.0 && y > box.second && y < box.second + 28.0;
      };
      for (int step = 0; step <= 100; ++step) {
        const double t = step / 100.0, u = 1.0 - t;
        const double x = u * u * c[0] + 2 * u * t * c[2] + t * t * c[4];
        const double y = u * u * c[1] + 2 * u * t * c[3] + t * t * c[5];
        for (const auto& box : boxes)
          if (inside(x, y, box) && !inside(c[0], c[1], box) && !inside(c[4], c[5], box)) ++behind;
      }
    }
    CHECK_MESSAGE(behind == 0, name);
  }
}

TEST_CASE("graphviz gets every device and cable") {
  const std::string text = dot(platform::one_switch().topology().node());
  CHECK(count(text, "fillcolor") == 7);
  CHECK(count(text, " -- ") == 6);
  CHECK(text.find("\"gpu0\" -- \"sw0\" [label=\"pcie 50 GB/s\"];\n") != std::string::npos);
}

}  // namespace
}  // namespace agentsim::topology
