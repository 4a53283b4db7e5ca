#include "sim/platform/fabric.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace agentsim::platform {
namespace {

std::shared_ptr<FabricOptions> options_of(const Fabric& fabric) {
  return fabric.options ? fabric.options : Fabrics::make(fabric.kind);
}

}  // namespace

std::optional<Misfit> Fabric::misfit(const Extent& extent) const {
  return options_of(*this)->misfit(extent);
}

std::shared_ptr<const FabricLayout> Fabric::lay(const Extent& extent) const {
  return options_of(*this)->lay({bytes_per_s, latency_s}, extent);
}

void parse(const config::Value& map, Fabric& fabric, Diagnostics& diagnostics) {
  config::Reader reader(map, "'fabric'", diagnostics);
  describe(reader, fabric);
  const config::Value* kind = map.find("kind");
  const std::vector<std::string> known = Fabrics::names();
  if (kind == nullptr || std::find(known.begin(), known.end(), kind->scalar()) != known.end())
    reader.finish();
}

nlohmann::ordered_json dump_json(const Fabric& fabric) {
  return config::dump(fabric);
}

}  // namespace agentsim::platform
