#include "analysis/topology/drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "sim/base/units.hpp"

namespace agentsim::topology {
namespace {

using platform::DeviceKind;

struct Row {
  DeviceKind kind;
  const char* colour;
};
// From top to bottom.
constexpr std::array<Row, 8> kRows{{{DeviceKind::nvswitch, "#b7e1cd"},
                                    {DeviceKind::gpu, "#a8d08d"},
                                    {DeviceKind::pcie_switch, "#ffe599"},
                                    {DeviceKind::nic, "#9fc5e8"},
                                    {DeviceKind::storage, "#d9d2e9"},
                                    {DeviceKind::root_port, "#fce5cd"},
                                    {DeviceKind::cpu_socket, "#f4cccc"},
                                    {DeviceKind::host_memory, "#d9d9d9"}}};
constexpr double kBoxWidth = 64.0;  // pixels
constexpr double kBoxHeight = 28.0;
constexpr double kColumn = 84.0;
constexpr double kRowHeight = 90.0;

struct Box {
  double x = 0.0;  // of the middle
  double y = 0.0;
  const char* colour = "";
};

struct Layout {
  std::vector<Box> boxes;  // of each device
  double width = 0.0;
  double height = 0.0;
};

Layout lay_out(const platform::Node& node) {
  Layout layout;
  layout.boxes.resize(node.devices.size());
  size_t widest = 1;
  for (const Row& row : kRows) widest = std::max(widest, node.of_kind(row.kind).size());
  layout.width = static_cast<double>(widest) * kColumn;
  for (const Row& row : kRows) {
    const std::vector<int> devices = node.of_kind(row.kind);
    for (size_t i = 0; i < devices.size(); ++i)
      layout.boxes[static_cast<size_t>(devices[i])] = {
          layout.width * (static_cast<double>(i) + 0.5) / static_cast<double>(devices.size()),
          layout.height + kRowHeight / 2, row.colour};
    if (!devices.empty()) layout.height += kRowHeight;
  }
  return layout;
}

// Whether the straight line between two boxes runs behind a third one.
bool is_hidden(const Layout& layout, const Box& a, const Box& b) {
  return std::any_of(layout.boxes.begin(), layout.boxes.end(), [&](const Box& box) {
    const double along = (box.y - a.y) / (b.y - a.y);  // no number in one row: not hidden
    return along > 0.0 && along < 1.0 && std::abs(a.x + along * (b.x - a.x) - box.x) < kBoxWidth / 2;
  });
}

// The point a cable bends towards: in the middle, above it within a row, beside it where a box stands in the
// way.
Box bend(const Layout& layout, const Box& a, const Box& b) {
  Box middle{(a.x + b.x) / 2, (a.y + b.y) / 2, ""};
  if (a.y == b.y)
    middle.y -= kRowHeight * 0.6;
  else if (is_hidden(layout, a, b))
    middle.x += 1.3 * kBoxWidth * (std::abs(a.y - b.y) / kRowHeight - 1.0);
  return middle;
}

}  // namespace

std::string dot(const platform::Node& node) {
  std::string text = fmt::format("graph \"{}\" {{\n  node [shape=box, style=filled];\n", node.name);
  for (size_t i = 0; i < node.devices.size(); ++i) {
    const auto& device = node.devices[i];
    const auto row =
        std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.kind == device.kind; });
    text += fmt::format("  \"{}\" [fillcolor=\"{}\"];\n", device.id, row->colour);
  }
  for (const platform::Cable& cable : node.cables)
    text += fmt::format(
        "  \"{}\" -- \"{}\" [label=\"{} {}\"];\n", node.devices[static_cast<size_t>(cable.a)].id,
        node.devices[static_cast<size_t>(cable.b)].id, cable.kind, pretty_bandwidth(cable.bytes_per_s));
  return text + "}\n";
}

std::string svg(const platform::Node& node) {
  const Layout layout = lay_out(node);
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
      "{1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      layout.width, layout.height);
  for (const platform::Cable& cable : node.cables) {
    const Box& a = layout.boxes[static_cast<size_t>(cable.a)];
    const Box& b = layout.boxes[static_cast<size_t>(cable.b)];
    const Box middle = bend(layout, a, b);
    text += fmt::format(
        "<path d=\"M{:.1f} {:.1f} Q{:.1f} {:.1f} {:.1f} {:.1f}\" fill=\"none\" stroke=\"{}\" "
        "stroke-width=\"{:.1f}\">"
        "<title>{} {}, {}</title></path>\n",
        a.x, a.y, middle.x, middle.y, b.x, b.y, platform::is_nvlink(cable.kind) ? "#38761d" : "#666666",
        std::clamp(std::sqrt(cable.bytes_per_s / 10e9), 1.0, 8.0), cable.kind,
        pretty_bandwidth(cable.bytes_per_s), pretty_time(cable.latency_s));
  }
  for (size_t i = 0; i < node.devices.size(); ++i) {
    const Box& box = layout.boxes[i];
    text += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{:.0f}\" rx=\"4\" fill=\"{}\" "
        "stroke=\"#333333\"/>"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
        box.x - kBoxWidth / 2, box.y - kBoxHeight / 2, kBoxWidth, kBoxHeight, box.colour, box.x, box.y + 4.0,
        node.devices[i].id);
  }
  return text + "</svg>\n";
}

}  // namespace agentsim::topology
