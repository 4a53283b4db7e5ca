#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "sim/workload/shape.hpp"

namespace agentsim::workload {
namespace {

// A measured curve: a map from percentiles to values, {p0: 4, p25: 18, p50: 46, p99: 328, p100: 514}. Between
// two of them values follow an exponential curve (a line, where one is less than 1e-3), as lengths and times
// spread over decades. Below the first and above the last they stay, unless `tail` is given: then
// P(X > x) above the last percentile falls with x^-tail (Pareto).
class Quantiles : public Described<Quantiles, Shape> {
 public:
  explicit Quantiles(Dimension dimension) : dimension_(dimension) {}
  template <class V>
  void parameters(V&) {}

  bool read(const config::Value& value, const std::string& kind, Diagnostics& diagnostics) override {
    const size_t before = diagnostics.size();
    if (!value.is_map() || value.entries().empty()) {
      diagnostics.add(value.mistake("'" + kind + "' wants a map such as {p0: 1, p50: 10, p100: 90}"));
      return false;
    }
    for (const auto& [key, entry] : value.entries()) {
      double number = 0.0;
      if (key.scalar() == "tail") {
        config::read_quantity(entry, "tail", Dimension::number, config::kPositive, tail_, diagnostics);
        continue;
      }
      const std::optional<double> level = level_of(key.scalar());
      if (!level) {
        diagnostics.add(
            key.mistake("'" + key.scalar() + "' is not a percentile such as p50 or p99.5, nor 'tail'"));
        continue;
      }
      if (!config::read_quantity(entry, key.scalar(), dimension_, config::kNotNegative, number, diagnostics))
        continue;
      if (!knots_.empty() && (*level <= knots_.back().level || number < knots_.back().value))
        diagnostics.add(key.mistake("percentiles and their values must not fall"));
      knots_.push_back({*level, number});
    }
    if (knots_.empty() && diagnostics.size() == before)
      diagnostics.add(value.mistake("'" + kind + "' has no percentile"));
    return diagnostics.size() == before;
  }

  config::Dumper::Json dump() override {
    config::Dumper::Json json;
    for (const Knot& knot : knots_) json[fmt::format("p{:g}", 100.0 * knot.level)] = knot.value;
    if (tail_ > 0.0) json["tail"] = tail_;
    return json;
  }

  double draw(RandomStream& random) const override { return at(random.uniform()); }

  std::optional<double> mean() const override {
    double sum = knots_.front().level * knots_.front().value;
    for (size_t i = 1; i < knots_.size(); ++i) {
      const double low = knots_[i - 1].value, high = knots_[i].value;
      const bool is_curved = low >= kLeast && high > low * (1.0 + 1e-9);
      const double middle = is_curved ? (high - low) / std::log(high / low) : (low + high) / 2.0;
      sum += (knots_[i].level - knots_[i - 1].level) * middle;
    }
    const double above = 1.0 - knots_.back().level;
    if (tail_ <= 0.0 || above <= 0.0) return sum + above * knots_.back().value;
    if (tail_ <= 1.0) return {};
    return sum + above * knots_.back().value * tail_ / (tail_ - 1.0);
  }

 private:
  struct Knot {
    double level;
    double value;
  };
  static constexpr double kLeast = 1e-3;

  static std::optional<double> level_of(const std::string& key) {
    std::string rest;
    if (key.size() < 2 || key.front() != 'p') return {};
    const std::optional<double> number = parse_number(std::string_view(key).substr(1), &rest);
    if (!number || !rest.empty() || *number < 0.0 || *number > 100.0) return {};
    return *number / 100.0;
  }

  double at(double level) const {
    if (level <= knots_.front().level) return knots_.front().value;
    const Knot& last = knots_.back();
    if (level >= last.level)
      return tail_ > 0.0 ? last.value * std::pow((1.0 - last.level) / (1.0 - level), 1.0 / tail_)
                         : last.value;
    const auto next = std::upper_bound(knots_.begin(), knots_.end(), level,
                                       [](double wanted, const Knot& knot) { return wanted < knot.level; });
    const Knot& low = *std::prev(next);
    const double share = (level - low.level) / (next->level - low.level);
    if (low.value < kLeast) return low.value + share * (next->value - low.value);
    return low.value * std::pow(next->value / low.value, share);
  }

  Dimension dimension_;
  std::vector<Knot> knots_;
  double tail_ = 0.0;
};

const Shapes::Entry quantiles_entry =
    shape_entry<Quantiles>("quantiles", "a measured curve, by percentiles; the tail may be a power law");

}  // namespace
}  // namespace agentsim::workload
