#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace agentsim::platform {

// Measured over fitted time along one size, straight in logarithms between measured sizes; outside them that of the nearest.
class RatioLine {
 public:
  RatioLine() = default;  // 1 everywhere
  // Of (size, ratio), ascending by size.
  explicit RatioLine(const std::vector<std::pair<double, double>>& points) {
    for (const auto& [size, ratio] : points) {
      log_size_.push_back(std::log(size));
      log_ratio_.push_back(std::log(ratio));
    }
  }
  bool empty() const { return log_size_.empty(); }
  double log_at(double size) const {
    if (empty()) return 0.0;
    const double x = std::log(size);
    const auto next = std::upper_bound(log_size_.begin(), log_size_.end(), x);
    if (next == log_size_.begin()) return log_ratio_.front();
    if (next == log_size_.end()) return log_ratio_.back();
    const auto high = static_cast<size_t>(next - log_size_.begin());
    const double share = (x - log_size_[high - 1]) / (log_size_[high] - log_size_[high - 1]);
    return log_ratio_[high - 1] + share * (log_ratio_[high] - log_ratio_[high - 1]);
  }
  double at(double size) const { return empty() ? 1.0 : std::exp(log_at(size)); }

 private:
  std::vector<double> log_size_, log_ratio_;
};

// Lines at several values of another size, between which logarithms of the ratio are straight too.
class RatioPlane {
 public:
  void add(double other_size, RatioLine line) {
    log_other_.push_back(std::log(other_size));
    lines_.push_back(std::move(line));
  }
  bool empty() const { return lines_.empty(); }
  double log_at(double other_size, double size) const {
    if (empty()) return 0.0;
    const double x = std::log(other_size);
    const auto next = std::upper_bound(log_other_.begin(), log_other_.end(), x);
    if (next == log_other_.begin()) return lines_.front().log_at(size);
    if (next == log_other_.end()) return lines_.back().log_at(size);
    const auto high = static_cast<size_t>(next - log_other_.begin());
    const double share = (x - log_other_[high - 1]) / (log_other_[high] - log_other_[high - 1]);
    const double low = lines_[high - 1].log_at(size);
    return low + share * (lines_[high].log_at(size) - low);
  }
  double at(double other_size, double size) const {
    return empty() ? 1.0 : std::exp(log_at(other_size, size));
  }

 private:
  std::vector<double> log_other_;  // ascending
  std::vector<RatioLine> lines_;
};

// How long kernels of an accelerator take beside its curves, where they were measured.
class MeasuredRatios {
 public:
  virtual ~MeasuredRatios() = default;
  // Of matrices of n x k, by m.
  virtual RatioLine gemm(const std::string& dtype, double n, double k) const = 0;
  // Of experts of this shape on one GPU, by tokens.
  virtual RatioLine moe(const std::string& dtype, double hidden, double inter, double experts,
                        double visits) const = 0;
  // Of causal attention, by sequences and new tokens of each.
  virtual RatioPlane prefill_attention(const std::string& kv_dtype, double heads, double kv_heads,
                                       double head_dim) const = 0;
};

}  // namespace agentsim::platform
