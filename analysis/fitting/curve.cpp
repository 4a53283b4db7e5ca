#include "analysis/fitting/curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/contract.hpp"

namespace agentsim::fitting {
namespace {

constexpr double kLevels[] = {0,  .01, .025, .05, .1, .15, .2, .25,  .3,  .35, .4,  .45, .5,   .55,
                              .6, .65, .7,   .75, .8, .85, .9, .925, .95, .97, .98, .99, .995, 1};
constexpr double kLeast = 1e-3;  // as `quantiles`
constexpr double kTailLevel = 0.995;
constexpr size_t kLeastInTail = 20;

}  // namespace

Curve::Curve(double value) : knots_{{0.0, value}, {1.0, value}} {}

Curve Curve::through(std::vector<std::pair<double, double>> knots) {
  AGENTSIM_CONTRACT(knots.size() >= 2, "a curve of {} knots", knots.size());
  Curve out;
  out.knots_ = std::move(knots);
  return out;
}

Curve Curve::of(std::vector<double> values, double step) {
  AGENTSIM_CONTRACT(!values.empty(), "a curve of no value");
  std::sort(values.begin(), values.end());
  if (values.front() == values.back()) return Curve(values.front());
  const auto n = static_cast<double>(values.size());
  std::vector<std::pair<double, double>> knots;
  for (const double level : kLevels) {
    const size_t at = std::min(static_cast<size_t>(level * n), values.size() - 1);
    double value = values[at];
    if (level > 0.0 && level < 1.0 && step > 0.0) {
      const auto range = std::equal_range(values.begin(), values.end(), value);
      const double below = static_cast<double>(range.first - values.begin());
      const double equal = static_cast<double>(range.second - range.first);
      value += step * ((level * n - below) / equal - 0.5);
    }
    value = std::max({value, 0.0, knots.empty() ? 0.0 : knots.back().second});
    knots.emplace_back(level, std::min(value, values.back()));
  }
  return through(std::move(knots));
}

void Curve::fit_tail(const std::vector<double>& values, double max) {
  if (is_constant()) return;
  const double from = at(kTailLevel);
  double sum = 0.0;
  size_t count = 0;
  for (const double value : values)
    if (value > from && from > 0.0) {
      sum += std::log(value / from);
      ++count;
    }
  if (count < kLeastInTail || sum <= 0.0) return;
  tail_ = static_cast<double>(count) / sum;
  max_ = max;
}

double Curve::at(double level) const {
  const auto next =
      std::find_if(knots_.begin(), knots_.end(), [&](const auto& k) { return k.first > level; });
  if (next == knots_.end()) return knots_.back().second;
  if (next == knots_.begin()) return next->second;
  const auto& [low, value] = *std::prev(next);
  const double share = (level - low) / (next->first - low);
  if (value < kLeast) return value + share * (next->second - value);
  return value * std::pow(next->second / value, share);
}

Curve Curve::thinned(double error) const {
  std::vector<bool> stays(knots_.size(), false);
  stays.front() = stays.back() = true;
  std::vector<std::pair<size_t, size_t>> open{{0, knots_.size() - 1}};
  while (!open.empty()) {
    const auto [low, high] = open.back();
    open.pop_back();
    const Curve line = through({knots_[low], knots_[high]});
    double worst = error;
    size_t at_worst = low;
    for (size_t i = low + 1; i < high; ++i) {
      const double value = knots_[i].second;
      const double here = std::abs(line.at(knots_[i].first) - value) / std::max(value, kLeast);
      if (here > worst) worst = here, at_worst = i;
    }
    if (at_worst == low) continue;
    stays[at_worst] = true;
    open.insert(open.end(), {{low, at_worst}, {at_worst, high}});
  }
  Curve out = *this;
  out.knots_.clear();
  for (size_t i = 0; i < knots_.size(); ++i)
    if (stays[i]) out.knots_.push_back(knots_[i]);
  return out;
}

std::string Curve::text(const std::string& unit) const {
  constexpr double kWritten = 0.01;
  const std::string end = unit.empty() ? "" : " " + unit;
  if (is_constant()) return short_number(knots_.front().second) + end;
  Curve curve = *this;
  if (tail_ > 0.0)  // the law stands for what is above
    while (curve.knots_.back().first > kTailLevel) curve.knots_.pop_back();
  std::vector<std::pair<std::string, double>> written;
  for (const auto& [level, value] : curve.thinned(kWritten).knots_) {
    std::string word = fmt::format("p{:.4g}", 100.0 * level);
    if (!written.empty() && written.back().first == word) written.pop_back();  // one level, the upper value
    written.emplace_back(std::move(word), value);
  }
  std::string out;
  for (const auto& [word, value] : written)
    out += fmt::format("{}{}: {}{}", out.empty() ? "" : ", ", word, short_number(value), end);
  if (tail_ > 0.0) out += ", tail: " + short_number(tail_);
  out = "{quantiles: {" + out + "}";
  if (tail_ > 0.0) out += ", max: " + short_number(max_) + end;
  return out + "}";
}

double step_of(const std::vector<double>& values) {
  size_t whole = 0;
  for (const double value : values)
    if (std::abs(value - std::round(value)) < 1e-3) ++whole;
  return 2 * whole > values.size() ? 1.0 : 0.0;
}

std::string short_number(double value) {
  if (value == 0.0) return "0";
  const int digits = static_cast<int>(std::floor(std::log10(std::abs(value)))) + 1;
  if (digits >= 4) return fmt::format("{:.0f}", value);
  std::string out = fmt::format("{:.{}f}", value, 4 - std::max(digits, -4));
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

}  // namespace agentsim::fitting
