#include "sim/platform/efficiency.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace agentsim::platform {

void parse(const config::Value& value, Tile& tile, Diagnostics& diagnostics) {
  const std::string& text = value.scalar();
  const size_t cross = text.find('x');
  const double m = parse_number(text.substr(0, cross)).value_or(0.0);
  const double n = cross == std::string::npos ? 0.0 : parse_number(text.substr(cross + 1)).value_or(0.0);
  if (m >= 1.0 && n >= 1.0)
    tile = {m, n};
  else
    diagnostics.add(value.mistake(fmt::format("a tile is written as 128x256, not '{}'", text)));
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

}  // namespace agentsim::platform
