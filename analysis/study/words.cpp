#include "analysis/study/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace agentsim::study {
namespace {

// Less spread than this, relative to the value, is rounding.
constexpr double kNoSpread = 1e-6;

// Digits after the point that show two digits of `size`.
int decimals(double size) {
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(size))), 0, 7);
}

std::string plain(double value) {
  if (value == 0.0) return "0";
  return std::abs(value) < 1e4 ? fmt::format("{:.4g}", value) : fmt::format("{:.0f}", value);
}

}  // namespace

std::string words(const statistics::Estimate& estimate, double scale) {
  if (!estimate.mean) return "-";
  const double mean = *estimate.mean * scale;
  const double half = estimate.interval ? estimate.interval->half_width() * scale : 0.0;
  if (!(half > kNoSpread * std::abs(mean))) return plain(mean);
  const int places = decimals(half);
  return fmt::format("{:.{}f} ± {:.{}f}", mean, places, half, places);
}

std::string words(const statistics::Ratio& ratio) {
  if (!ratio.value) return "-";
  const double half = ratio.interval ? ratio.interval->half_width() : 0.0;
  if (!(half > kNoSpread * *ratio.value)) return plain(*ratio.value);
  const int places = std::min({decimals(half), decimals(*ratio.value * 1e-3), 4});
  return fmt::format("{:.{}f} ({:.{}f} to {:.{}f})", *ratio.value, places, ratio.interval->low, places,
                     ratio.interval->high, places);
}

}  // namespace agentsim::study
