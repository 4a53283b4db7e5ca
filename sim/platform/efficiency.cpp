#include "sim/platform/efficiency.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace agentsim::platform {
namespace {

// "128x256" and, as an infinite n, "128x*". Zeros if the text is neither.
Tile extent(const std::string& text) {
  const size_t cross = text.find('x');
  if (cross == std::string::npos) return {0.0, 0.0};
  const std::string n = text.substr(cross + 1);
  return {parse_number(text.substr(0, cross)).value_or(0.0),
          n == "*" ? std::numeric_limits<double>::infinity() : parse_number(n).value_or(0.0)};
}

bool is_tile(const Tile& tile) {
  return tile.m >= 1.0 && tile.n >= 1.0 && std::isfinite(tile.n) && tile.m == std::floor(tile.m);
}

}  // namespace

void parse(const config::Value& value, Tile& tile, Diagnostics& diagnostics) {
  const Tile written = extent(value.scalar());
  if (is_tile(written))
    tile = written;
  else
    diagnostics.add(value.mistake(fmt::format("a tile is written as 128x256, not '{}'", value.scalar())));
}

void parse(const config::Value& value, std::vector<Tile>& tiles, Diagnostics& diagnostics) {
  if (!value.is_list() || value.items().empty()) {
    diagnostics.add(value.mistake("'tiles' wants a list such as [128x128, 128x256]"));
    return;
  }
  tiles.clear();
  for (const config::Value& item : value.items()) parse(item, tiles.emplace_back(), diagnostics);
}

nlohmann::ordered_json dump_json(const std::vector<Tile>& tiles) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Tile& tile : tiles) json.push_back(fmt::format("{}x{}", tile.m, tile.n));
  return json;
}

void parse(const config::Value& value, std::vector<TileRule>& rules, Diagnostics& diagnostics) {
  if (!value.is_list()) {
    diagnostics.add(value.mistake("'rules' wants a list such as [16x8192->16x64, 16x*->32x64]"));
    return;
  }
  rules.clear();
  for (const config::Value& item : value.items()) {
    const std::string& text = item.scalar();
    const size_t arrow = text.find("->");
    const Tile limit = extent(text.substr(0, arrow));
    const Tile tile = arrow == std::string::npos ? Tile{0.0, 0.0} : extent(text.substr(arrow + 2));
    if (limit.m >= 1.0 && limit.m == std::floor(limit.m) && limit.n >= 1.0 && is_tile(tile))
      rules.push_back({limit.m, limit.n, tile});
    else
      diagnostics.add(item.mistake(fmt::format("a rule is written as 16x8192->16x64, not '{}'", text)));
  }
}

std::string to_text(const TileRule& rule) {
  const std::string n = std::isfinite(rule.n) ? fmt::format("{}", rule.n) : "*";
  return fmt::format("{}x{}->{}x{}", rule.m, n, rule.tile.m, rule.tile.n);
}

nlohmann::ordered_json dump_json(const std::vector<TileRule>& rules) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const TileRule& rule : rules) json.push_back(to_text(rule));
  return json;
}

void parse(const config::Value& value, std::vector<ExpertsShape>& shapes, Diagnostics& diagnostics) {
  if (!value.is_list()) {
    diagnostics.add(value.mistake("'tuned' wants a list such as [8x14336, 128x192]"));
    return;
  }
  shapes.clear();
  for (const config::Value& item : value.items()) {
    const Tile written = extent(item.scalar());
    if (is_tile(written))
      shapes.push_back({written.m, written.n});
    else
      diagnostics.add(item.mistake(
          fmt::format("experts and their width are written as 8x14336, not '{}'", item.scalar())));
  }
}

std::string to_text(const ExpertsShape& shape) {
  return fmt::format("{}x{}", shape.experts, shape.inter);
}

nlohmann::ordered_json dump_json(const std::vector<ExpertsShape>& shapes) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const ExpertsShape& shape : shapes) json.push_back(to_text(shape));
  return json;
}

}  // namespace agentsim::platform
