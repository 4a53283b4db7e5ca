#include "sim/workload/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/workload/shape.hpp"

namespace agentsim::workload {
namespace {

class Constant : public Described<Constant, Shape> {
 public:
  explicit Constant(Dimension dimension, double value = 0.0) : dimension_(dimension), value_(value) {}
  template <class V>
  void parameters(V& v) {
    v.field("value", value_, dimension_, config::kNotNegative, "always this", config::Need::required);
  }
  double draw(RandomStream&) const override { return value_; }
  std::optional<double> mean() const override { return value_; }
  config::Dumper::Json dump() override { return value_; }

 private:
  Dimension dimension_;
  double value_;
};

// The one entry of the map that is not a limit; null pointer if it was reported.
const std::pair<config::Value, config::Value>* find_kind(const config::Value& map, Diagnostics& diagnostics) {
  const std::pair<config::Value, config::Value>* found = nullptr;
  for (const auto& entry : map.entries()) {
    const std::string& key = entry.first.scalar();
    if (key == "min" || key == "max") continue;
    if (found != nullptr) {
      diagnostics.add(entry.first.mistake(fmt::format(
          "a distribution has one kind, but here stand '{}' and '{}'", found->first.scalar(), key)));
      return nullptr;
    }
    found = &entry;
  }
  if (found == nullptr) {
    Diagnostic d = map.mistake("a distribution needs a kind");
    d.valid = Shapes::names();
    diagnostics.add(std::move(d));
    return nullptr;
  }
  const std::vector<std::string> names = Shapes::names();
  if (std::find(names.begin(), names.end(), found->first.scalar()) == names.end()) {
    config::add_unknown_word(found->first, "distribution", names, diagnostics);
    return nullptr;
  }
  return found;
}

void read_limit(const config::Value& map, const std::string& key, Dimension dimension,
                std::optional<double>& out, Diagnostics& diagnostics) {
  const config::Value* limit = map.find(key);
  double value = 0.0;
  if (limit != nullptr &&
      config::read_quantity(*limit, key, dimension, config::kNotNegative, value, diagnostics))
    out = value;
}

const Shapes::Entry constant_entry = shape_entry<Constant>("constant", "always the same value");

}  // namespace

Distribution::Distribution(double constant, Dimension dimension)
    : dimension_(dimension), shape_(std::make_shared<Constant>(dimension, constant)) {}

double Distribution::draw(RandomStream& random) const {
  double value = shape_->draw(random);
  if (max_) value = std::min(value, *max_);
  if (min_) value = std::max(value, *min_);
  return value;
}

uint32_t Distribution::draw_count(RandomStream& random, uint32_t low) const {
  const double value = std::round(draw(random));
  return static_cast<uint32_t>(std::clamp(value, static_cast<double>(low), 0x1p30));
}

std::optional<double> Distribution::mean() const {
  if (min_ || max_) return {};
  return shape_->mean();
}

void parse(const config::Value& value, Distribution& out, Diagnostics& diagnostics) {
  std::string unit;
  if (value.is_list() || value.is_null() || (value.is_scalar() && !parse_number(value.scalar(), &unit))) {
    const std::string found = value.is_scalar() ? "'" + value.scalar() + "'" : value.kind_name();
    diagnostics.add(
        value.mistake(fmt::format("wants {} or a distribution, not {}", description(out.dimension_), found)));
    return;
  }
  if (value.is_scalar()) {
    double constant = 0.0;
    if (config::read_quantity(value, "value", out.dimension_, config::kNotNegative, constant, diagnostics))
      out = Distribution(constant, out.dimension_);
    return;
  }
  const auto* kind = find_kind(value, diagnostics);
  if (kind == nullptr) return;
  Distribution read(0.0, out.dimension_);
  read_limit(value, "min", out.dimension_, read.min_, diagnostics);
  read_limit(value, "max", out.dimension_, read.max_, diagnostics);
  if (read.min_ && read.max_ && *read.min_ > *read.max_)
    diagnostics.add(value.find("min")->mistake(fmt::format(
        "'min' ({}) is greater than 'max' ({})", value.find("min")->scalar(), value.find("max")->scalar())));
  read.kind_ = kind->first.scalar();
  read.shape_ = Shapes::make(read.kind_, out.dimension_);
  if (read.shape_->read(kind->second, read.kind_, diagnostics)) out = read;
}

config::Dumper::Json dump_json(const Distribution& distribution) {
  if (distribution.kind_ == "constant") return distribution.shape_->dump();
  config::Dumper::Json json;
  json[distribution.kind_] = distribution.shape_->dump();
  if (distribution.min_) json["min"] = *distribution.min_;
  if (distribution.max_) json["max"] = *distribution.max_;
  return json;
}

}  // namespace agentsim::workload
