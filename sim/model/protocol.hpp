#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sim/config/reader.hpp"

namespace agentsim::model {

// What GPUs do together. S, the size of a call, is the bytes a GPU holds: of its input, for an all-gather of
// its output; of a p2p the message. So does nccl-tests count.
enum class Collective : uint8_t { all_reduce, all_gather, reduce_scatter, all_to_all, p2p };
inline constexpr size_t kCollectives = 5;
const std::vector<std::string>& collective_names();

// The collectives a protocol is for: a list of words, all where it is absent.
struct CollectiveSet {
  std::vector<Collective> members;
  bool has(Collective collective) const;
};
void parse(const config::Value& value, CollectiveSet& set, Diagnostics& diagnostics);
nlohmann::ordered_json dump_json(const CollectiveSet& set);

inline constexpr double kAnySize = 1e18;
inline constexpr int64_t kAnyGpus = 1 << 20;

// Fitted constants of one algorithm on one class of fabric (platforms/collectives.yaml).
struct Protocol {
  CollectiveSet collectives;
  std::string form = "ring";
  double base_s = 0.0;
  double hop_s = 0.0;
  double efficiency = 1.0;
  double min_bytes = 0.0;
  double max_bytes = kAnySize;
  int64_t min_gpus = 2;
  int64_t max_gpus = kAnyGpus;

  bool allows(Collective collective, double bytes, int gpus) const;
};

// The protocols a communication library chooses from, by name.
using Protocols = std::map<std::string, Protocol>;

// Loads one class of platforms/collectives.yaml. Throws ConfigError, also where a collective of some size or number of
// GPUs has no protocol.
Protocols load_protocols(const std::string& collective_class);
// The protocols of one class as they stand in a map of the file.
Protocols read_protocols(const config::Value& map, const std::string& class_name, Diagnostics& diagnostics);

// What a collective costs, split so that contention can be applied to the part that depends on it:
//   seconds = latency_s + burst_bytes / rate,
// rate being the bytes/s that each flow gets on the narrowest link of the group.
struct CollectiveCost {
  double latency_s = 0.0;
  double burst_bytes = 0.0;  // wire bytes / protocol efficiency
  double wire_bytes = 0.0;   // bytes of one crossing of a link

  CollectiveCost& operator+=(const CollectiveCost& other) {
    latency_s += other.latency_s;
    burst_bytes += other.burst_bytes;
    wire_bytes += other.wire_bytes;
    return *this;
  }
  CollectiveCost times(double count) const {
    return {latency_s * count, burst_bytes * count, wire_bytes * count};
  }
  double seconds(double rate) const { return burst_bytes > 0.0 ? latency_s + burst_bytes / rate : latency_s; }
};

// What a flow gets where all flows of a pattern run at once, bytes/s: the neighbours of a ring, or the
// slowest of the n (n-1) flows of an all-to-all.
struct Rates {
  double ring = 0.0;
  double exchange = 0.0;
};

// The fastest of the protocols that are allowed:
//   latency_s = base + hops x hop,  burst_bytes = traffic x S / efficiency
//                             hops      traffic       at the rate of
//   all_reduce      ring      2 (n-1)   2 (n-1)/n     the ring
//                   one_shot  n-1       n-1           the ring
//                   two_shot  n-1       2 (n-1)/n     the ring
//                   nvls      n-1       1             the ring
//                   direct    n-1       2/n           the exchange: every link of a mesh works
//   all_gather,     direct    n-1       1/n           the exchange
//   reduce_scatter  others    n-1       (n-1)/n       the ring
//   all_to_all                n-1       1/n           the exchange
//   p2p                       1         1             the ring, which is the one route
// The burst is stated for the rate of the ring. Nothing for n < 2 or no bytes. Some protocol has to be allowed, which
// load_protocols() sees to.
CollectiveCost cheapest(const Protocols& protocols, Collective collective, double bytes, int gpus,
                        const Rates& rates);

// cheapest() of one collective of one group, for any size.
class ProtocolChoice {
 public:
  ProtocolChoice() = default;  // of a group of one GPU
  ProtocolChoice(const Protocols& protocols, Collective collective, int gpus, const Rates& rates);
  CollectiveCost cost(double bytes) const;

 private:
  struct Option {
    double min_bytes, max_bytes, latency_s, traffic, efficiency;
    double burst_scale = 1.0, wire_scale = 1.0;
  };
  std::vector<Option> options_;  // that are allowed for some size
  Collective collective_ = Collective::all_reduce;
  int gpus_ = 1;
  double rate_ = 0.0;
};

template <class Visitor>
void describe(Visitor& v, Protocol& p) {
  using config::kNotNegative;
  v.value("collectives", p.collectives, "what it is used for; all if absent");
  v.choice("form", p.form, {"direct", "nvls", "one_shot", "ring", "two_shot"}, "the equation",
           config::Need::required);
  v.field("base", p.base_s, Dimension::time, kNotNegative, "fixed time");
  v.field("hop", p.hop_s, Dimension::time, kNotNegative, "time of one hop");
  v.field("efficiency", p.efficiency, Dimension::number, config::Bounds{0.01, 1.0},
          "share of the link bandwidth");
  v.field("min_bytes", p.min_bytes, Dimension::bytes, kNotNegative, "smallest size the library uses it for");
  v.field("max_bytes", p.max_bytes, Dimension::bytes, kNotNegative, "the library uses it below this size");
  v.field("min_gpus", p.min_gpus, config::Bounds{2, 1e6}, "smallest group the library uses it for");
  v.field("max_gpus", p.max_gpus, config::Bounds{2, 1e6}, "largest group the library uses it for");
}

}  // namespace agentsim::model
