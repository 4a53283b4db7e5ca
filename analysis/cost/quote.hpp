#pragma once

#include <string>

#include "sim/config/reader.hpp"

namespace agentsim::cost {

// A number of a price list and where it comes from. `Kind` says under which key the number stands, what it
// measures, its range, and whether it is a share a year.
template <class Kind>
struct Quote {
  double value = 0.0;  // in the base unit of Kind::dimension
  std::string per;     // "year" where Kind::yearly
  std::string source;
  std::string verified;
  std::string date;
};

struct Rent {  // USD/s
  static constexpr const char* key = "price";
  static constexpr Dimension dimension = Dimension::money_rate;
  static constexpr config::Bounds bounds = config::kPositive;
  static constexpr bool yearly = false;
};
struct Price {  // USD
  static constexpr const char* key = "price";
  static constexpr Dimension dimension = Dimension::money;
  static constexpr config::Bounds bounds = config::kNotNegative;
  static constexpr bool yearly = false;
};
struct Share {
  static constexpr const char* key = "value";
  static constexpr Dimension dimension = Dimension::number;
  static constexpr config::Bounds bounds = config::kFraction;
  static constexpr bool yearly = false;
};
struct YearlyShare {
  static constexpr const char* key = "value";
  static constexpr Dimension dimension = Dimension::number;
  static constexpr config::Bounds bounds = config::kFraction;
  static constexpr bool yearly = true;
};
struct Duration {  // s
  static constexpr const char* key = "value";
  static constexpr Dimension dimension = Dimension::time;
  static constexpr config::Bounds bounds = config::kPositive;
  static constexpr bool yearly = false;
};
struct EnergyPrice {  // USD/J
  static constexpr const char* key = "value";
  static constexpr Dimension dimension = Dimension::money_energy;
  static constexpr config::Bounds bounds = config::kNotNegative;
  static constexpr bool yearly = false;
};
struct PowerFactor {  // power drawn from the grid / power of the machines
  static constexpr const char* key = "value";
  static constexpr Dimension dimension = Dimension::number;
  static constexpr config::Bounds bounds{1.0, 10.0};
  static constexpr bool yearly = false;
};
struct PowerDraw {  // W
  static constexpr const char* key = "value";
  static constexpr Dimension dimension = Dimension::power;
  static constexpr config::Bounds bounds = config::kNotNegative;
  static constexpr bool yearly = false;
};
struct PowerRent {  // USD/(W s)
  static constexpr const char* key = "value";
  static constexpr Dimension dimension = Dimension::money_power;
  static constexpr config::Bounds bounds = config::kNotNegative;
  static constexpr bool yearly = false;
};

template <class Visitor, class Kind>
void describe(Visitor& v, Quote<Kind>& quote) {
  using config::Need;
  v.field(Kind::key, quote.value, Kind::dimension, Kind::bounds, "the number", Need::required);
  if constexpr (Kind::yearly)
    v.choice("per", quote.per, {"year"}, "the time it is a share of", Need::required);
  v.field("source", quote.source, "where the number comes from", Need::required);
  v.choice("verified", quote.verified, {"datasheet", "estimated", "measured"}, "how sure it is",
           Need::required);
  v.field("date", quote.date, "when it held");
}

}  // namespace agentsim::cost
