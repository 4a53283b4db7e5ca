#include "sim/model/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/contract.hpp"
#include "sim/base/units.hpp"
#include "sim/config/library.hpp"

namespace agentsim::model {
namespace {

struct Shape {
  double hops = 0.0;
  double traffic = 0.0;  // wire bytes of a flow per byte of S
  bool exchange = false;
};

Shape shape(const std::string& form, Collective collective, double n) {
  if (collective == Collective::p2p) return {1.0, 1.0, false};
  if (collective == Collective::all_to_all) return {n - 1, 1 / n, true};
  const bool reduce = collective == Collective::all_reduce;
  if (form == "direct") return {n - 1, (reduce ? 2 : 1) / n, true};
  if (!reduce) return {n - 1, (n - 1) / n, false};
  if (form == "one_shot") return {n - 1, n - 1, false};
  if (form == "two_shot") return {n - 1, 2 * (n - 1) / n, false};
  if (form == "nvls") return {n - 1, 1.0, false};
  return {2 * (n - 1), 2 * (n - 1) / n, false};
}

// The first size that no protocol takes for that many GPUs; infinite: all sizes have one.
double first_gap(const Protocols& protocols, Collective collective, int64_t gpus) {
  double covered = 1.0;  // a byte
  for (bool grows = true; grows;) {
    grows = false;
    for (const auto& [name, p] : protocols) {
      if (!p.allows(collective, covered, static_cast<int>(gpus))) continue;
      covered = p.max_bytes >= kAnySize ? std::numeric_limits<double>::infinity() : p.max_bytes;
      grows = std::isfinite(covered);
      break;
    }
  }
  return covered;
}

// Any size on any number of GPUs has a protocol: else a call would have no time.
void check_coverage(const config::Value& map, const std::string& class_name, const Protocols& protocols,
                    Diagnostics& diagnostics) {
  for (size_t i = 0; i < collective_names().size(); ++i) {
    const auto collective = static_cast<Collective>(i);
    std::set<int64_t> counts{2};  // where what is allowed may change
    if (collective != Collective::p2p) {
      for (const auto& [name, p] : protocols) {
        counts.insert(std::max<int64_t>(2, p.min_gpus));
        if (p.max_gpus < kAnyGpus) counts.insert(std::max<int64_t>(2, p.max_gpus + 1));
      }
    }
    for (const int64_t gpus : counts) {
      const double gap = first_gap(protocols, collective, gpus);
      if (!std::isfinite(gap)) continue;
      diagnostics.add(map.mistake(fmt::format("the class '{}' has no protocol for {} of {} by {} GPUs",
                                              class_name, collective_names()[i], pretty_bytes(gap), gpus)));
      break;
    }
  }
}

}  // namespace

const std::vector<std::string>& collective_names() {
  static const std::vector<std::string> names{"all_reduce", "all_gather", "reduce_scatter", "all_to_all",
                                              "p2p"};
  return names;
}

bool CollectiveSet::has(Collective collective) const {
  return members.empty() || std::find(members.begin(), members.end(), collective) != members.end();
}

void parse(const config::Value& value, CollectiveSet& set, Diagnostics& diagnostics) {
  if (!value.is_list()) {
    diagnostics.add(value.mistake("'collectives' wants a list of collectives"));
    return;
  }
  set.members.clear();
  for (const config::Value& item : value.items()) {
    const auto& names = collective_names();
    const auto found = std::find(names.begin(), names.end(), item.scalar());
    if (found == names.end())
      config::add_unknown_word(item, "collective", names, diagnostics);
    else
      set.members.push_back(static_cast<Collective>(found - names.begin()));
  }
}

nlohmann::ordered_json dump_json(const CollectiveSet& set) {
  nlohmann::ordered_json words = nlohmann::ordered_json::array();
  for (const Collective member : set.members)
    words.push_back(collective_names()[static_cast<size_t>(member)]);
  return words;
}

bool Protocol::allows(Collective collective, double bytes, int gpus) const {
  return collectives.has(collective) && bytes >= min_bytes && bytes < max_bytes && gpus >= min_gpus &&
         gpus <= max_gpus;
}

Protocols load_protocols(const std::string& collective_class) {
  const std::string path = (config::Library::root() / "platforms" / "collectives.yaml").string();
  const config::Value book = config::Value::load(path);
  Diagnostics diagnostics;
  Protocols protocols;
  const config::Value* classes = book.find("classes");
  const config::Value* wanted = classes != nullptr ? classes->find(collective_class) : nullptr;
  if (wanted == nullptr) {
    Diagnostic d = book.mistake(fmt::format("unknown collective class '{}'", collective_class));
    if (classes != nullptr)
      for (const auto& [key, value] : classes->entries()) d.valid.push_back(key.scalar());
    throw ConfigError({d});
  }
  protocols = read_protocols(*wanted, collective_class, diagnostics);
  diagnostics.throw_if_any();
  return protocols;
}

Protocols read_protocols(const config::Value& map, const std::string& class_name, Diagnostics& diagnostics) {
  Protocols protocols;
  const size_t before = diagnostics.size();
  for (const auto& [key, value] : map.entries())
    config::read_map(value, fmt::format("'{}'", key.scalar()), protocols[key.scalar()], diagnostics);
  if (diagnostics.size() == before) check_coverage(map, class_name, protocols, diagnostics);
  return protocols;
}

ProtocolChoice::ProtocolChoice(const Protocols& protocols, Collective collective, int gpus,
                               const Rates& rates)
    : collective_(collective), gpus_(gpus), rate_(rates.ring) {
  for (const auto& [name, protocol] : protocols) {
    if (!protocol.allows(collective, protocol.min_bytes, gpus)) continue;
    const Shape of = shape(protocol.form, collective, static_cast<double>(gpus));
    Option option{protocol.min_bytes, protocol.max_bytes, protocol.base_s + of.hops * protocol.hop_s,
                  of.traffic, protocol.efficiency};
    if (of.exchange) {
      option.burst_scale = rates.ring / rates.exchange;
      option.wire_scale = gpus - 1;  // what leaves one GPU
    }
    options_.push_back(option);
  }
}

CollectiveCost ProtocolChoice::cost(double bytes) const {
  if (gpus_ < 2 || bytes <= 0.0) return {};
  constexpr double kNever = std::numeric_limits<double>::infinity();
  CollectiveCost best{kNever, 0.0, 0.0};
  double best_s = kNever;
  for (const Option& option : options_) {
    if (bytes < option.min_bytes || bytes >= option.max_bytes) continue;
    const double wire = option.traffic * bytes;
    const CollectiveCost cost{option.latency_s, wire / option.efficiency * option.burst_scale,
                              wire * option.wire_scale};
    const double seconds = cost.seconds(rate_);
    if (seconds < best_s) {
      best_s = seconds;
      best = cost;
    }
  }
  AGENTSIM_CONTRACT(best_s < kNever, "no protocol for {} of {} bytes by {} GPUs",
                    collective_names()[static_cast<size_t>(collective_)], bytes, gpus_);
  return best;
}

CollectiveCost cheapest(const Protocols& protocols, Collective collective, double bytes, int gpus,
                        const Rates& rates) {
  return ProtocolChoice(protocols, collective, gpus, rates).cost(bytes);
}

}  // namespace agentsim::model
